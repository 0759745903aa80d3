/** Results for people: a table for the terminal, a page for docs/benchmarks with the machine they were taken on. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import type { BenchGoal, BenchResult } from './suite.js';

const COLUMNS = ['suite', 'case', 'value', '95 %', 'baseline', 'unit', 'ratio', 'goal', 'met'] as const;

/** For a terminal. */
export function table(results: readonly BenchResult[]): string {
  const rows = [[...COLUMNS], ...results.map(row)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${rows.map(line).join('\n')}\n`;
}

function row({ suite, name, value, interval, baseline, unit, ratio, goal, met }: BenchResult): string[] {
  const judged = met === null ? '' : met ? 'yes' : 'NO';
  const between = interval === null ? '' : interval.map(digits).join(' .. ');
  return [suite, name, digits(value), between, digits(baseline), unit, digits(ratio), goalText(goal), judged];
}

function digits(value: number | null): string {
  if (value === null) return '-';
  if (value !== 0 && Math.abs(value) < 0.01) return value.toExponential(2);
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 3 });
}

function goalText(goal: BenchGoal | null): string {
  const { ratioAtLeast, ratioAtMost, valueAtMost } = goal ?? {};
  return [
    ratioAtLeast === undefined ? '' : `ratio >= ${ratioAtLeast}`,
    ratioAtMost === undefined ? '' : `ratio <= ${ratioAtMost}`,
    valueAtMost === undefined ? '' : `value <= ${valueAtMost}`,
  ]
    .filter((text) => text !== '')
    .join(', ');
}

/** Where the repository keeps the last results of each suite. */
const FOLDER = new URL('../../../docs/benchmarks/', import.meta.url);

export async function saveReport(suite: string, results: readonly BenchResult[]): Promise<void> {
  const cells = [COLUMNS.slice(1), COLUMNS.slice(1).map(() => '---'), ...results.map((result) => row(result).slice(1))];
  const text = [
    `# ${suite}: measured`,
    '',
    `\`npm run bench -- ${suite} --save\` wrote this on ${new Date().toISOString().slice(0, 10)}. ${machine()}`,
    'Judge by the ratios: value and baseline come from the same run. "NO" means that the goal was missed.',
    '',
    ...cells.map((line) => `| ${line.join(' | ')} |`),
    '',
  ];
  await mkdir(FOLDER, { recursive: true });
  await writeFile(new URL(`${suite}.md`, FOLDER), text.join('\n'));
}

function machine(): string {
  const [cpu] = os.cpus();
  const gib = Math.round(os.totalmem() / 2 ** 30);
  return `Machine: ${os.cpus().length} cores (${cpu?.model ?? 'unknown'}), ${gib} GiB, ${os.type()} ${os.arch()}, Node ${process.versions.node}.`;
}

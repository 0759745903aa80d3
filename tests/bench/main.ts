/** `npm run bench -- [suite] [--json]`. A new suite is one import and one line below. */
import { suite as consensus } from './consensus.js';
import { suite as learning } from './learning.js';
import { suite as network } from './network.js';
import { suite as runtime } from './runtime.js';
import { type BenchGoal, type BenchResult, type BenchSuite, runCase } from './suite.js';
import { suite as surface } from './surface.js';

const SUITES: readonly BenchSuite[] = [runtime, consensus, network, learning, surface];

const COLUMNS = ['suite', 'case', 'value', 'baseline', 'unit', 'ratio', 'goal', 'met'] as const;

async function main(words: readonly string[]): Promise<number> {
  const json = words.includes('--json');
  const names = words.filter((word) => !word.startsWith('--'));
  const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`bench: no suite "${unknown}"; there are: ${SUITES.map(({ name }) => name).join(', ')}\n`);
    return 2;
  }
  const results: BenchResult[] = [];
  for (const suite of SUITES.filter(({ name }) => names.length === 0 || names.includes(name))) {
    for (const bench of suite.cases) {
      if (bench.only !== undefined && !words.includes(bench.only)) continue;
      const result = await runCase(suite.name, bench);
      results.push(result);
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    }
  }
  if (!json) process.stdout.write(table(results));
  return 0;
}

function table(results: readonly BenchResult[]): string {
  const rows = [[...COLUMNS], ...results.map(row)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${rows.map(line).join('\n')}\n`;
}

function row({ suite, name, value, baseline, unit, ratio, goal, met }: BenchResult): string[] {
  const judged = met === null ? '' : met ? 'yes' : 'NO';
  return [suite, name, digits(value), digits(baseline), unit, digits(ratio), goalText(goal), judged];
}

function digits(value: number | null): string {
  return value === null ? '-' : Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 3 });
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

process.exitCode = await main(process.argv.slice(2));

/** Tables of a page in docs/, for tests that compare them with the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-info.js';

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function pageOf(name: string): string {
  return readFileSync(join(packageRoot, 'docs', name), 'utf8');
}

export function tablesOf(name: string): readonly Table[] {
  const blocks = pageOf(name)
    .split('\n\n')
    .map((block) => block.trim().split('\n'));
  return blocks
    .filter(([first, second]) => first?.startsWith('|') && /^[|:\s-]+$/.test(second ?? ''))
    .map(([header, , ...rows]) => ({ header: cellsOf(header), rows: rows.map(cellsOf) }));
}

/** A bar inside of a cell is written `\|`. */
function cellsOf(line = ''): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

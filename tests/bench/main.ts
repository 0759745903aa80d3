/**
 * `npm run bench -- [suite...] [--json] [--save] [--soak] [--long]`. Progress goes to stderr; `--save` also writes
 * docs/benchmarks/<suite>.md, with the machine. A new suite is one import and one line below.
 */

import { suite as consensus } from './consensus.js';
import { suite as kernels } from './kernels.js';
import { suite as learning } from './learning.js';
import { suite as network } from './network.js';
import { saveReport, table } from './report.js';
import { suite as runtime } from './runtime.js';
import { suite as search } from './search.js';
import { type BenchResult, type BenchSuite, runCase } from './suite.js';
import { suite as surface } from './surface.js';
import { suite as sync } from './sync.js';

const SUITES: readonly BenchSuite[] = [runtime, consensus, network, kernels, learning, search, surface, sync];

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
    const cases = suite.cases.filter(({ only }) => only === undefined || words.includes(only));
    const ofSuite: BenchResult[] = [];
    for (const [index, bench] of cases.entries()) {
      process.stderr.write(`${suite.name} ${index + 1}/${cases.length}: ${bench.name}\n`);
      const result = await runCase(suite.name, bench);
      ofSuite.push(result);
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    }
    if (words.includes('--save')) await saveReport(suite.name, ofSuite);
    results.push(...ofSuite);
  }
  if (!json) process.stdout.write(table(results));
  return 0;
}

// Other libraries leave threads and timers behind that would keep the process.
process.exit(await main(process.argv.slice(2)));

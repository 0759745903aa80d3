/** `npm run golden`: pins the golden chain as the rules now make it. `--check` compares instead, on any Node. */
import { writeFileSync } from 'node:fs';
import { GOLDEN_FILE, goldenOf, makeGoldenChain, readGolden } from '../kit/golden.js';

const golden = goldenOf(makeGoldenChain());
if (process.argv.includes('--check')) {
  const same = golden.stateRoot === readGolden().stateRoot;
  process.stdout.write(`${process.version}: ${golden.stateRoot} ${same ? 'as pinned' : 'NOT as pinned'}\n`);
  process.exitCode = same ? 0 : 1;
} else {
  writeFileSync(GOLDEN_FILE, `${JSON.stringify(golden, null, 2)}\n`);
  process.stdout.write(`${GOLDEN_FILE}\n`);
}

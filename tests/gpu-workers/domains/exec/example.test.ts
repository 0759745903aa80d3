/** The Python example of the documentation, as it stands. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { complianceChecks } from '../../../../gpu-workers/compliance/checks.js';
import { Subject } from '../../../../gpu-workers/compliance/subject.js';
import { loadDomain } from '../../../../gpu-workers/domains/registry.js';
import { loadDefinition } from '../../../../runtime/node/own-domains.js';
import { packageRoot } from '../../../../runtime/package-info.js';

const python = spawnSync('python3', ['--version']).status === 0;
const folder = join(packageRoot, 'examples/exec-python');
let subject: Promise<Subject> | undefined;

async function start(): Promise<Subject> {
  const { local } = await loadDefinition(join(folder, 'domain.json'));
  const here = { ...local, command: ['python3', join(folder, 'ridge.py')] };
  return new Subject({ createDomain: () => loadDomain(here), cancelMs: 5_000 });
}

for (const { title, run } of complianceChecks) {
  test.serial(`${python ? '' : 'NOT RUN, python3 is missing: '}the Python example: ${title}`, async (t) => {
    if (!python) return t.pass();
    subject ??= start();
    await t.notThrowsAsync(run(await subject));
  });
}

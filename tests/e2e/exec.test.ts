import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { verifyChain } from '../../runtime/node/verify.js';
import { packageRoot } from '../../runtime/package-info.js';
import { NodeProcess, temporaryFolder } from '../kit/node-process.js';

const python = spawnSync('python3', ['--version']).status === 0;

test(`${python ? '' : 'NOT RUN, python3 is missing: '}a domain in plain Python comes to accepted optimae`, async (t) => {
  if (!python) return t.pass();
  t.timeout(150_000);
  const dataDir = temporaryFolder(t);
  const config = join(temporaryFolder(t), 'node.json');
  const definition = join(packageRoot, 'examples/exec-python/domain.json');
  writeFileSync(config, JSON.stringify({ domains: [{ domain_id: 'ridge', definition }] }));
  const node = new NodeProcess(t, ['start', '--json', '--port', '0', '--data-dir', dataDir, '--config', config]);
  const accepted = await node.line((line) => line.event === 'optimumAccepted', 'an accepted optimum');
  t.is(accepted.domain_id, 'ridge');
  node.kill('SIGINT');
  t.is(await node.exited, 0, node.stderr);
  const report = await verifyChain({ dataDir });
  t.true(report.ok, report.problem ?? '');
});

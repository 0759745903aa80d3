import { join } from 'node:path';
import test from 'ava';
import { LOCAL_PARAMETERS } from '../../actors/chain/genesis.js';
import { writeGenesis } from '../../config/network.js';
import { loadOrCreateIdentity } from '../../runtime/crypto/keys.js';
import { builtInDomains } from '../../runtime/node/domains.js';
import { verifyChain } from '../../runtime/node/verify.js';
import { type NodeLine, NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

/** A network of one node whose blocks are soon final. */
async function found(dataDir: string): Promise<void> {
  const { publicKey } = await loadOrCreateIdentity(join(dataDir, 'identity.json'));
  const finality = { ...LOCAL_PARAMETERS.finality, checkpointBlocks: 2, depthBlocks: 2 };
  await writeGenesis(join(dataDir, 'genesis.json'), {
    chainId: 'snapshots',
    timestampMs: Date.now() - 1_000,
    solo: true,
    parameters: { ...LOCAL_PARAMETERS, finality },
    domains: builtInDomains,
    members: [{ nodeId: publicKey, reputationMicro: 10_000_000, evaluates: ['quadratic'] }],
  });
}

const applied = (height: number) => (line: NodeLine) => line.event === 'blockApplied' && Number(line.height) >= height;

test('a node starts at the exported state of a running one, and follows it block by block', async (t) => {
  t.timeout(170_000);
  const [first, second] = [temporaryFolder(t), temporaryFolder(t)];
  await found(first);
  const file = join(second, 'state.snap');
  const quick = ['--json', '--port', '0', '--domain', 'quadratic'];
  const old = new NodeProcess(t, ['start', ...quick, '--data-dir', first]);
  const { finalized_height: height, p2p_addresses: addresses } = await until(
    () => old.status(),
    (status) => status.finalized_height > 0,
  );
  const writing = new NodeProcess(t, ['snapshot', 'export', file, '--json', '--data-dir', first]);
  t.is(await writing.exited, 0, writing.stderr);

  const network = ['--network', join(first, 'genesis.json')];
  const dataDir = join(second, 'data');
  const start = ['start', ...quick, ...network, '--data-dir', dataDir, '--role', 'relay', '--snapshot', file];
  const trusting = new NodeProcess(t, start);
  t.is(await trusting.exited, 2);
  const checkpoint = /--checkpoint (\d+:[0-9a-f]{64})/.exec(trusting.stderr)?.[1] ?? trusting.stderr;
  t.true(Number(checkpoint.split(':')[0]) >= height);

  const address = addresses.find((text) => text.startsWith('/ip4/127.0.0.1/') && !text.includes('/ws')) ?? '';
  const young = new NodeProcess(t, [...start, '--checkpoint', checkpoint, '--bootstrap', address]);
  const { chain_height: target } = await old.status();
  const theirs = await young.line(applied(target + 1), 'a block of the other node');
  const begin = Number(checkpoint.split(':')[0]);
  t.true(
    young.lines.filter(applied(0)).every((line) => Number(line.height) > begin),
    'none from before',
  );
  const same = (line: NodeLine) => line.event === 'blockApplied' && line.height === theirs.height;
  t.is((await old.line(same, 'the same block')).hash, theirs.hash);
  for (const node of [old, young]) node.kill('SIGINT');
  t.deepEqual(await Promise.all([old, young].map(({ exited }) => exited)), [0, 0]);
  for (const folder of [first, dataDir]) {
    const report = await verifyChain({ dataDir: folder });
    t.true(report.ok, report.problem ?? '');
  }
});

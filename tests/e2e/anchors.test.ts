import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type Genesis, genesisHash, LOCAL_PARAMETERS } from '../../actors/chain/genesis.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { writeGenesis } from '../../config/network.js';
import { FileLedger } from '../../runtime/anchors/file-ledger.js';
import { loadOrCreateIdentity } from '../../runtime/crypto/keys.js';
import { builtInDomains } from '../../runtime/node/domains.js';
import { verifyChain } from '../../runtime/node/verify.js';
import { NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

/** A solo network whose blocks are anchored as often as can be. */
async function found(dataDir: string): Promise<Genesis> {
  const { publicKey } = await loadOrCreateIdentity(join(dataDir, 'identity.json'));
  const genesis: Genesis = {
    chainId: 'anchored',
    timestampMs: Date.now() - 1_000,
    solo: true,
    parameters: { ...LOCAL_PARAMETERS, anchorInterval: 2 },
    domains: builtInDomains,
    members: [{ nodeId: publicKey, reputationMicro: 10_000_000, evaluates: ['quadratic'] }],
  };
  await writeGenesis(join(dataDir, 'genesis.json'), genesis);
  return genesis;
}

async function recordsOf(dataDir: string, genesis: Genesis) {
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(genesis), { readOnly: true });
  const blocks = await store.canonicalFrom(1, 1_000);
  const records = await Promise.all(blocks.map(({ hash }) => store.getRecords(hash)));
  await store.close();
  return records.flat();
}

test('a node anchors its blocks and says so on the chain; against an anchor that its chain is not, it starts no more', async (t) => {
  t.timeout(170_000);
  const dataDir = temporaryFolder(t);
  const genesis = await found(dataDir);
  const name = { chainId: genesis.chainId, genesisHash: genesisHash(genesis) };
  const start = ['start', '--json', '--port', '0', '--domain', 'quadratic', '--data-dir', dataDir];
  const node = new NodeProcess(t, start);
  const path = join(dataDir, 'anchors.log');
  const written = await until(
    () => new FileLedger(path, name).read(),
    (anchors) => anchors.length > 0,
  );
  const heights = () => node.lines.flatMap((line) => (line.event === 'blockApplied' ? [Number(line.height)] : []));
  const soon = Math.max(...heights()) + 4;
  await node.line((line) => line.event === 'blockApplied' && Number(line.height) >= soon, 'the block with the record');
  node.kill('SIGINT');
  t.is(await node.exited, 0, node.stderr);

  const anchored = (await recordsOf(dataDir, genesis)).filter((record) => record.type === 'ANCHORED');
  t.true(anchored.some((record) => record.reference === written[0]?.reference && record.hash === written[0].hash));
  const report = await verifyChain({ dataDir, anchors: [{ ledger: 'file', path, publish: true }] });
  t.true(report.ok && (report.anchors ?? 0) > 0, report.problem ?? '');

  const foreign = join(dataDir, 'foreign.log');
  await new FileLedger(foreign, name).write({ ...written[0]!, height: 1, hash: 'ab'.repeat(32) });
  const config = join(dataDir, 'config.json');
  writeFileSync(config, JSON.stringify({ anchors: [{ ledger: 'file', path: foreign }] }));
  const refusing = new NodeProcess(t, [...start, '--config', config]);
  t.not(await refusing.exited, 0);
  for (const part of ['block 1 of this chain', 'ab'.repeat(32), foreign, 'move chain.db away']) {
    t.true(refusing.stderr.includes(part), refusing.stderr);
  }
  const contradicted = await verifyChain({ dataDir, anchors: [{ ledger: 'file', path: foreign, publish: false }] });
  t.false(contradicted.ok);
  t.regex(contradicted.problem ?? '', /block 1 of this chain/);
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { genesisHash } from '../../actors/chain/genesis.js';
import { replay } from '../../actors/chain/replay.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import type { ChainRecord } from '../../actors/chain/types.js';
import { strictVerifier } from '../../actors/chain/verifier.js';
import { readGenesis } from '../../config/network.js';
import { createDevnet } from '../../runtime/node/devnet.js';
import { NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

/** Every record of the stored chain, derived again from its genesis. */
async function recordsOf(dataDir: string): Promise<ChainRecord[]> {
  const genesis = await readGenesis(join(dataDir, 'genesis.json'));
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(genesis), { readOnly: true });
  const records: ChainRecord[] = [];
  for await (const { tip } of replay(genesis, store, strictVerifier)) records.push(...tip.records);
  await store.close();
  return records;
}

function acceptedOf(records: readonly ChainRecord[]) {
  return records.filter((record) => record.type === 'OPTIMAE_ACCEPTED');
}

test('four nodes verify each other and end on one head and one champion', async (t) => {
  t.timeout(170_000);
  const dataDir = temporaryFolder(t);
  const devnet = new NodeProcess(t, ['devnet', '--nodes', '4', '--duration', '45', '--json', '--data-dir', dataDir]);
  t.is(await devnet.exited, 0, devnet.stderr.slice(-2_000));
  const result = devnet.lines.at(-1) as unknown as {
    agreed: boolean;
    nodes: { tip_hash: string; champion: string | null; accepted: number }[];
  };
  t.true(result.agreed);
  t.is(result.nodes.length, 4);
  t.is(new Set(result.nodes.map((node) => node.tip_hash)).size, 1);
  t.is(new Set(result.nodes.map((node) => node.champion)).size, 1);
  for (let index = 1; index <= 4; index += 1) {
    const accepted = acceptedOf(await recordsOf(join(dataDir, `node-${index}`)));
    t.true(accepted.length >= 1);
    for (const record of accepted) {
      t.true(record.votes.length >= 2, 'voted on by several');
      t.false(
        record.votes.some((vote) => vote.evaluator === record.optimizer),
        'and never by the optimizer',
      );
    }
  }
});

/** Nodes of a devnet with the given roles, on the cheap domain. */
async function startRoles(t: ExecutionContext, roles: readonly ('full' | 'optimizer' | 'evaluator' | 'relay')[]) {
  const dataDir = temporaryFolder(t);
  const members = await createDevnet({ nodes: roles.length, dataDir, members: roles.map((role) => ({ role })) });
  for (const { configFile } of members) {
    const config = JSON.parse(readFileSync(configFile, 'utf8'));
    writeFileSync(configFile, JSON.stringify({ ...config, domains: [{ domain_id: 'quadratic' }] }));
  }
  const start = (index: number) => new NodeProcess(t, ['start', '--json', '--config', members[index]!.configFile]);
  return { members, start, nodes: members.map((_, index) => start(index)) };
}

test('an optimizer-only and two evaluator-only nodes reach accepted optima together; a killed one catches up', async (t) => {
  t.timeout(150_000);
  const { members, start, nodes } = await startRoles(t, ['optimizer', 'evaluator', 'evaluator']);
  const [searching, , third] = nodes as [NodeProcess, NodeProcess, NodeProcess];
  await searching.line((line) => line.event === 'optimumAccepted', 'an accepted optimum');
  const before = await third.status();
  third.kill('SIGKILL');
  await third.exited;
  const ahead = await until(
    () => searching.status(),
    (status) => status.chain_height > before.chain_height + 1,
  );
  const again = start(2);
  const caughtUp = await until(
    () => again.status(),
    (status) => status.chain_height >= ahead.chain_height,
  );
  t.is(caughtUp.node_id, before.node_id);
  t.is(caughtUp.role, 'evaluator');
  t.true(caughtUp.domains.find((domain) => domain.domain_id === 'quadratic')?.local === null, 'it does not search');
  for (const node of [...nodes.slice(0, 2), again]) node.kill('SIGINT');
  await Promise.all([...nodes.slice(0, 2), again].map((node) => node.exited));

  const optimizers = acceptedOf(await recordsOf(members[0]!.dataDir)).map((record) => record.optimizer);
  const key = (await readGenesis(join(members[0]!.dataDir, 'genesis.json'))).members[0]!.nodeId;
  t.true(optimizers.length >= 1);
  t.deepEqual([...new Set(optimizers)], [key]);
});

/** A node's turn may pass while it notes on disk that it takes it. */
import { setImmediate } from 'node:timers/promises';
import test from 'ava';
import { createChainActor } from '../../../actors/chain/actor.js';
import { opensAtMs, proposersOf } from '../../../actors/chain/schedule.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import { blockBytes, keyOf, makeGenesis, makeReveal, sign, TestChain } from '../../kit/chain.js';
import { TestContext, testEnvelope } from '../../kit/context.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const SLOT = 1;

test('a block of a peer that takes the slot first ends the turn, and the node builds nothing for it', async (t) => {
  const genesis = makeGenesis(MEMBERS);
  const peers = new TestChain(genesis, MEMBERS);
  const [, second] = proposersOf(peers.tip.state, genesis, SLOT);
  const name = peers.names.get(second ?? '') ?? '';
  const self = keyOf(name);
  peers.addWithNext([sign(genesis, 'ada', 1, makeReveal(genesis, 'ada', [1, 2], 0).commit)]);
  const [block] = peers.blocks;

  const context = new (class extends TestContext {
    override now(): number {
      return opensAtMs(genesis, SLOT, 1) + 1;
    }
  })('chain');
  let noted = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    noted = resolve;
  });
  const file = new MemoryStateFile();
  const save = file.save.bind(file);
  const actor = createChainActor({
    openStore: (_file, hash) => SqliteBlockStore.open(':memory:', hash),
    openDuties: () =>
      Object.assign(file, {
        async save(value: unknown) {
          await save(value);
          await handlers.receiveBlock({ bytes: blockBytes(block!), from: 'peer' }, testEnvelope({}));
          noted();
        },
      }),
  });
  const options = { databaseFile: ':memory:', dutiesFile: '', genesis, secretSeed: self.secretSeed };
  const { handlers, stop } = await actor.start(context, options);
  t.teardown(async () => {
    context.dispose();
    await stop?.();
  });
  const { commit } = makeReveal(genesis, name, [3, 4], 0);
  await handlers.submit({ body: commit }, testEnvelope({}));
  await done;
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  t.is((await handlers.getStatus({}, testEnvelope({}))).height, 1);
  t.deepEqual(
    context.logs.filter(({ level }) => level === 'warn'),
    [],
  );
});

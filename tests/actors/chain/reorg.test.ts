import test, { type ExecutionContext } from 'ava';
import { createChainActor } from '../../../actors/chain/actor.js';
import {
  decodeTransaction,
  headerCodec,
  headerHash,
  transactionCodec,
  transactionId,
} from '../../../actors/chain/codec.js';
import { chain } from '../../../actors/chain/messages.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import {
  blockBytes,
  DOMAIN_ID,
  keyOf,
  makeGenesis,
  makeReveal,
  START_MS,
  sign,
  TestChain,
  votesOn,
} from '../../kit/chain.js';
import { TestContext, testEnvelope } from '../../kit/context.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
/** Slots between two branches, so that nobody makes a block for one slot on both: that would be an offence. */
const APART = 12;
const genesis = makeGenesis(MEMBERS);
const actor = createChainActor({
  openStore: (_file, hash) => SqliteBlockStore.open(':memory:', hash),
  openDuties: () => new MemoryStateFile(),
});

/** A clock that stands still within the chain's time. */
class ChainTime extends TestContext {
  override now(): number {
    return START_MS + 60_000;
  }
}

/** The chain actor of a node that is no member, so that it makes no blocks of its own. */
async function start(t: ExecutionContext) {
  const context = new ChainTime('chain');
  const options = { databaseFile: ':memory:', dutiesFile: '', genesis, secretSeed: keyOf('zed').secretSeed };
  const { handlers, stop } = await actor.start(context, options);
  t.teardown(async () => {
    context.dispose();
    await stop?.();
  });
  const ask = <K extends keyof typeof handlers>(kind: K, request: Parameters<(typeof handlers)[K]>[0]) =>
    (handlers[kind] as (payload: unknown, envelope: unknown) => unknown)(request, testEnvelope(request)) as Promise<
      Awaited<ReturnType<(typeof handlers)[K]>>
    >;
  const receive = async (source: TestChain, from = 0) => {
    for (const block of source.blocks.slice(from))
      await ask('receiveBlock', { bytes: blockBytes(block), from: 'peer' });
  };
  return { context, ask, receive };
}

function improve(source: TestChain, name: string): TestChain {
  const { commit, reveal } = makeReveal(genesis, name, [1, 2], -100 * NANO);
  source.addWithNext([sign(genesis, name, source.nextNonce(name), commit)]);
  const { records } = source.addWithNext([sign(genesis, name, source.nextNonce(name), reveal)]);
  source.addWithNext(votesOn(source, records, () => -100 * NANO));
  return source;
}

test('a branch switch gives the transactions of the old branch back to the mempool, but not those of both', async (t) => {
  const lost = sign(genesis, 'dan', 30, { type: 'register-evaluator', stamp: 0, domains: [] });
  const both = sign(genesis, 'cid', 31, makeReveal(genesis, 'cid', [5, 5], 0).commit);
  const light = new TestChain(genesis, MEMBERS);
  light.add([lost]);
  light.add([both]);
  const heavy = new TestChain(genesis, MEMBERS);
  heavy.add([both], APART);
  improve(heavy, 'ada');

  const { context, ask, receive } = await start(t);
  await receive(light);
  t.is((await ask('getStatus', {})).hash, light.tip.hash);
  context.emitted.length = 0;
  await receive(heavy);
  const status = await ask('getStatus', {});
  t.is(status.hash, heavy.tip.hash);
  t.is(status.reorgs, 1);
  t.is(status.mempool, 1);
  const { transactions } = await ask('getTransactions', { ids: [lost, both].map(transactionId) });
  t.deepEqual(transactions, [encode(transactionCodec, lost)]);

  const [reverted] = context.eventsOf(chain.blocksReverted);
  t.deepEqual(reverted, { hashes: light.blocks.map((block) => headerHash(block.header)).reverse(), height: 0 });
  const applied = context.eventsOf(chain.blockApplied);
  t.deepEqual(
    applied.map(({ height, hash }) => ({ height, hash })),
    heavy.blocks.map((block, index) => ({ height: index + 1, hash: headerHash(block.header) })),
  );
  const order = context.emitted.map(({ name }) => name).filter((name) => /Reverted|Applied/.test(name));
  t.deepEqual(order, ['chain.blocksReverted', ...heavy.blocks.map(() => 'chain.blockApplied')]);
});

test('what needs the branch that lost waits aside, and is in no block meanwhile', async (t) => {
  const light = improve(new TestChain(genesis, MEMBERS), 'ada');
  // More than what the other branch pays ada for measuring.
  const reward = sign(genesis, 'ada', light.nextNonce('ada'), {
    type: 'transfer',
    to: keyOf('bob').publicKey,
    amountUnits: 1_000_000_000,
  });
  light.add([reward]);
  const heavy = new TestChain(genesis, MEMBERS);
  // More work than on the other branch.
  const { commit, reveal } = makeReveal(genesis, 'bob', [3, 3], -10 * NANO);
  // Nonces above those of the other branch, so that none of its transactions is lost for that reason.
  heavy.add(
    MEMBERS.map((name, at) => sign(genesis, name, 20, makeReveal(genesis, name, [50, at], 0).commit)),
    APART,
  );
  heavy.addWithNext([sign(genesis, 'bob', 21, commit)]);
  const { records } = heavy.addWithNext([sign(genesis, 'bob', 22, reveal)]);
  heavy.addWithNext(votesOn(heavy, records, () => -10 * NANO));

  const { ask, receive } = await start(t);
  await receive(light);
  await receive(heavy);
  const status = await ask('getStatus', {});
  t.is(status.hash, heavy.tip.hash);
  t.is(status.mempool, 1);
  const reverted = light.blocks.flatMap((block) => block.transactions);
  const { transactions } = await ask('getTransactions', { ids: reverted.map(transactionId) });
  const types = transactions.map((bytes) => {
    const decoded = decodeTransaction(bytes);
    return decoded.ok ? decoded.value.body.type : '';
  });
  // The commit is valid at once; the others wait for it, for the reveal and for the coins.
  t.deepEqual(types.toSorted(), ['commit', 'reveal', 'transfer', 'vote', 'vote', 'vote']);
});

test('this node’s own transaction is published again when its block is gone', async (t) => {
  const { context, ask, receive } = await start(t);
  const submitted = await ask('submit', { body: makeReveal(genesis, 'zed', [8, 8], 0).commit });
  const [accepted] = context.eventsOf(chain.transactionAccepted);
  t.true(accepted?.publish);
  const own = decodeTransaction(accepted!.bytes);
  if (!own.ok) return t.fail(own.detail);
  const light = new TestChain(genesis, MEMBERS);
  light.add([own.value]);
  await receive(light);
  t.is((await ask('getStatus', {})).mempool, 0);
  const heavy = new TestChain(genesis, MEMBERS);
  heavy.add([sign(genesis, 'dan', 1, { type: 'register-evaluator', stamp: 0, domains: [] })], APART);
  heavy.add([sign(genesis, 'dan', 2, { type: 'register-evaluator', stamp: 0, domains: [DOMAIN_ID] })]);
  context.emitted.length = 0;
  await receive(heavy);
  const again = context.eventsOf(chain.transactionAccepted);
  t.deepEqual(
    again.map(({ id, publish }) => [id, publish]),
    [[submitted.transactionId, true]],
  );
  t.is((await ask('getStatus', {})).mempool, 1);
});

test('sync answers follow the branch: a locator of the old one leads to the blocks of the new', async (t) => {
  const { ask, receive } = await start(t);
  const trunk = new TestChain(genesis, MEMBERS);
  trunk.add([sign(genesis, 'dan', 1, { type: 'register-evaluator', stamp: 0, domains: [] })]);
  const light = trunk.fork();
  light.add([sign(genesis, 'dan', 2, { type: 'register-evaluator', stamp: 0, domains: [DOMAIN_ID] })]);
  await receive(light);
  const { hashes } = await ask('getLocator', {});
  t.deepEqual(hashes, [...light.blocks.map((block) => headerHash(block.header)).reverse(), hashes.at(-1)!]);
  const heavy = improve(trunk.fork(), 'ada');
  await receive(heavy);
  const { headers } = await ask('getHeadersAfter', { locator: hashes, limit: 10 });
  const newer = heavy.blocks.slice(1);
  t.deepEqual(
    headers,
    newer.map(({ header }) => encode(headerCodec, header)),
  );
  t.deepEqual((await ask('getHeadersAfter', { locator: ['ab'.repeat(32)], limit: 10 })).headers, []);
  const wanted = [...newer.map(({ header }) => headerHash(header)), 'ab'.repeat(32)];
  t.deepEqual((await ask('getBlocks', { hashes: wanted })).blocks, [...newer.map(blockBytes), null]);
  const ofLight = headerHash(light.blocks.at(-1)!.header);
  t.deepEqual((await ask('getMissing', { hashes: [...wanted, ofLight] })).missing, ['ab'.repeat(32)]);
  t.deepEqual(
    (await ask('getApplied', { fromHeight: 1, limit: 10 })).blocks.map(({ records }) => records),
    heavy.history.map(({ records }) => records),
  );
});

/** Blocks that come in lists: verified ahead, stored together, judged as one by one. */
import test from 'ava';
import type { ClaimPool } from '../../../actors/chain/ahead.js';
import { Blockchain, type HeadSwitch } from '../../../actors/chain/blockchain.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { Intake } from '../../../actors/chain/intake.js';
import { MemoryBlockStore } from '../../../actors/chain/memory-store.js';
import { Mempool } from '../../../actors/chain/mempool.js';
import { EVALUATES } from '../../../actors/chain/state/state.js';
import type { BlockStore } from '../../../actors/chain/store.js';
import type { Block } from '../../../actors/chain/types.js';
import {
  RememberingVerifier,
  strictVerifier,
  trustingVerifier,
  type Verifier,
} from '../../../actors/chain/verifier.js';
import { VerifyPool } from '../../../runtime/crypto/verify-pool.js';
import { blockBytes, DOMAIN_ID, keyOf, makeGenesis, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS);

function grow(chain: TestChain, count: number, name = 'dan'): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    chain.add([sign(genesis, name, chain.nextNonce(name), { type: 'register-evaluator', stamp: 0, domains })]);
  }
  return chain;
}

/** A node that counts what is verified on its own thread. */
async function start(pool: ClaimPool | null, store: BlockStore = MemoryBlockStore.open(genesisHash(genesis))) {
  const counts = { verified: 0 };
  const counting = (check: Verifier['signature']): Verifier['signature'] => {
    return (...claim) => {
      counts.verified += 1;
      return check(...claim);
    };
  };
  const { signature, vrf } = strictVerifier;
  const verifier = new RememberingVerifier({ signature: counting(signature), vrf: counting(vrf) });
  const chain = await Blockchain.open(genesis, store, verifier);
  const switches: HeadSwitch[] = [];
  const intake = new Intake(
    { chain, mempool: new Mempool(), verifier, pool, now: () => Number.MAX_SAFE_INTEGER - 10_000 },
    { offenceSeen: () => undefined, pooled: () => undefined, headMoved: (change) => switches.push(change) },
  );
  return { chain, intake, switches, counts };
}

const bytesOf = (blocks: readonly Block[]) => blocks.map(blockBytes);
/** Says of everything that it is not known to be good. */
const broken: ClaimPool = {
  check: async (claims) => claims.map(() => false),
  close: async () => undefined,
};

test('a list moves the head as its blocks one by one do, and the pool takes all verifying off the thread', async (t) => {
  const source = grow(new TestChain(genesis, MEMBERS), 40);
  const pool = new VerifyPool(2);
  t.teardown(() => pool.close());
  for (const [used, verified] of [
    [pool, 0],
    [broken, 120],
    [null, 120],
  ] as const) {
    const node = await start(used);
    const verdicts = await node.intake.receiveBlocks(bytesOf(source.blocks));
    t.deepEqual(
      verdicts.map(({ code }) => code),
      source.blocks.map(() => 'ok'),
    );
    t.is(node.chain.head.hash, source.tip.hash);
    t.is(node.counts.verified, verified);
    t.is(node.switches.length, 1);
    t.deepEqual(
      node.switches[0]?.applied.map(({ hash, records }) => ({ hash, records })),
      source.history.map(({ hash, records }) => ({ hash, records })),
    );
  }
});

test('the first block of no use ends the list; what came before it stays, what follows is not looked at', async (t) => {
  const source = grow(new TestChain(genesis, MEMBERS), 8);
  const pool = new VerifyPool(2);
  t.teardown(() => pool.close());
  const spoil = (change: (block: Block) => Block) =>
    source.blocks.map((block, at) => (at === 5 ? change(block) : block));
  const other = sign(genesis, 'ada', 77, { type: 'register-evaluator', stamp: 0, domains: [] }).signature;
  const forged = spoil(({ header, transactions }) => ({
    header,
    transactions: transactions.map((item) => ({ ...item, signature: other })),
  }));
  const foreign = spoil(({ header, transactions }) => ({
    header: { ...header, vrfProof: source.blocks[0]!.header.vrfProof },
    transactions,
  }));
  for (const [blocks, code] of [
    [bytesOf(forged), 'wrong-transactions-root'],
    [bytesOf(foreign), 'bad-signature'],
    [bytesOf(source.blocks).map((bytes, at) => (at === 5 ? bytes.slice(1) : bytes)), 'malformed'],
    [bytesOf(source.blocks).filter((_, at) => at !== 5), 'unknown-parent'],
  ] as const) {
    const node = await start(pool);
    const verdicts = await node.intake.receiveBlocks(blocks);
    t.deepEqual(
      verdicts.map((verdict) => verdict.code),
      ['ok', 'ok', 'ok', 'ok', 'ok', code],
    );
    t.is(node.chain.head.hash, source.history[4]!.hash);
  }
});

test('a signature that is forged inside an otherwise right block is found, pool or not', async (t) => {
  const source = grow(new TestChain(genesis, MEMBERS), 3);
  const fork = source.fork(trustingVerifier);
  const forger = sign(genesis, 'bob', fork.nextNonce('dan'), {
    type: 'register-evaluator',
    stamp: 0,
    domains: [DOMAIN_ID],
  });
  const claimed = { ...forger, sender: keyOf('dan').publicKey };
  const lenient = fork.propose([claimed])!;
  const pool = new VerifyPool(2);
  t.teardown(() => pool.close());
  for (const used of [pool, broken, null]) {
    const node = await start(used);
    const verdicts = await node.intake.receiveBlocks(bytesOf([...source.blocks, lenient]));
    t.is(verdicts.at(-1)?.code, 'bad-signature');
    t.is(node.chain.head.hash, source.tip.hash);
  }
});

test('a list that overtakes the head is one switch; known blocks in it are passed over', async (t) => {
  const common = grow(new TestChain(genesis, MEMBERS), 3);
  const ours = grow(common.fork(), 2, 'ada');
  const theirs = grow(common.fork(), 6, 'bob');
  const node = await start(null);
  await node.intake.receiveBlocks(bytesOf(ours.blocks));
  const verdicts = await node.intake.receiveBlocks(bytesOf(theirs.blocks));
  t.deepEqual(
    verdicts.map(({ code }) => code),
    [...Array(3).fill('already-known'), ...Array(6).fill('ok')],
  );
  t.is(node.switches.length, 2);
  t.deepEqual(
    node.switches[1]?.reverted.map(({ hash }) => hash),
    [ours.history[4]!.hash, ours.history[3]!.hash],
  );
  const late = await node.intake.receiveBlocks(bytesOf(grow(common.fork(), 1, 'cid').blocks));
  t.is(late.at(-1)?.code, 'side-branch');
});

test('a list that cannot be stored is not known of afterwards', async (t) => {
  const source = grow(new TestChain(genesis, MEMBERS), 4);
  const store = MemoryBlockStore.open(genesisHash(genesis));
  let full = true;
  const save = store.save.bind(store);
  store.save = (...saved) => (full ? Promise.reject(new Error('disk full')) : save(...saved));
  const node = await start(null, store);
  await t.throwsAsync(node.intake.receiveBlocks(bytesOf(source.blocks)), { message: 'disk full' });
  t.is(node.chain.head.hash, genesisHash(genesis));
  t.is(node.switches.length, 0);
  full = false;
  t.deepEqual(
    (await node.intake.receiveBlocks(bytesOf(source.blocks))).map(({ code }) => code),
    source.blocks.map(() => 'ok'),
  );
});

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Blockchain, type ImportOutcome } from '../../../actors/chain/blockchain.js';
import { decodeBlock, headerHash } from '../../../actors/chain/codec.js';
import { type Genesis, genesisHash } from '../../../actors/chain/genesis.js';
import { EVALUATES, GLOBALS } from '../../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import type { Block } from '../../../actors/chain/types.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import { isDoinError } from '../../../runtime/errors.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { Database } from '../../../runtime/storage/sqlite.js';
import { blockBytes, DOMAIN_ID, keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS);

async function databaseFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'doin-chain-')), 'chain.db');
}

async function open(file = ':memory:', of: Genesis = genesis) {
  const store = await SqliteBlockStore.open(file, genesisHash(of));
  return { store, chain: await Blockchain.open(of, store, strictVerifier) };
}

/** Blocks without weight: a member leaves the register and comes back, over and over. */
function idle(chain: TestChain, count: number, name = 'dan', skipSlots = 0): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    chain.add(
      [sign(genesis, name, chain.nextNonce(name), { type: 'register-evaluator', stamp: 0, domains })],
      skipSlots,
    );
  }
  return chain;
}

/** Six blocks with work: commit, reveal and votes, each with the one that draws or settles what it asked for. */
function improve(chain: TestChain, name: string, gain: number): TestChain {
  const { commit, reveal } = makeReveal(genesis, name, [chain.blocks.length, gain], (-420 + gain) * NANO);
  chain.addWithNext([sign(genesis, name, chain.nextNonce(name), commit)]);
  const { records } = chain.addWithNext([sign(genesis, name, chain.nextNonce(name), reveal)]);
  chain.addWithNext(votesOn(chain, records, () => (-420 + gain) * NANO));
  return chain;
}

const hashes = (blocks: readonly Block[]) => blocks.map((block) => headerHash(block.header));

async function importAll(chain: Blockchain, blocks: readonly Block[]): Promise<ImportOutcome[]> {
  const outcomes: ImportOutcome[] = [];
  for (const block of blocks) outcomes.push(await chain.import(block));
  return outcomes;
}

function switchOf(t: ExecutionContext, outcome: ImportOutcome | undefined) {
  t.is(outcome?.kind, 'imported');
  return outcome?.kind === 'imported' ? outcome.headSwitch : null;
}

async function canonicalHashes(store: SqliteBlockStore): Promise<string[]> {
  return (await store.canonicalFrom(1, 10_000)).map((stored) => stored.hash);
}

test('blocks in order each move the head by one, and the store holds what the rules derived', async (t) => {
  const source = improve(new TestChain(genesis, MEMBERS), 'ada', 100);
  const { chain, store } = await open();
  for (const [index, outcome] of (await importAll(chain, source.blocks)).entries()) {
    const change = switchOf(t, outcome);
    t.deepEqual(change?.reverted, []);
    t.deepEqual(
      change?.applied.map(({ block }) => block),
      [source.blocks[index]],
    );
    t.deepEqual(change?.applied[0]?.records, source.history[index]?.records);
    t.deepEqual(await store.getRecords(hashes(source.blocks)[index]!), source.history[index]!.records);
  }
  t.is(chain.head.hash, source.tip.hash);
  t.is(chain.head.state.root(), source.tip.state.root());
  t.deepEqual(await canonicalHashes(store), hashes(source.blocks));
  t.true((await store.canonicalAt(6))?.isProofBlock);
  t.false((await store.canonicalAt(5))?.isProofBlock);
  t.is(await store.canonicalAt(7), null);
});

test('a block twice is known, one without its parent names what is missing, an invalid one changes nothing', async (t) => {
  const source = idle(new TestChain(genesis, MEMBERS), 3);
  const [first, second, third] = source.blocks as [Block, Block, Block];
  const { chain, store } = await open();
  t.deepEqual(await chain.import(third), {
    kind: 'unknown-parent',
    parent: second.header.parent === '' ? '' : headerHash(second.header),
  });
  await chain.import(first);
  t.deepEqual(await chain.import(first), { kind: 'already-known' });
  const forged = { ...second, header: { ...second.header, stateRoot: 'ab'.repeat(32) } };
  t.deepEqual(await chain.import(forged), { kind: 'invalid', code: 'bad-signature' });
  t.deepEqual(await chain.import({ ...second, transactions: [] }), {
    kind: 'invalid',
    code: 'wrong-transactions-root',
  });
  t.is(chain.head.hash, headerHash(first.header));
  t.is(await store.get(headerHash(forged.header)), null);
  t.is(await store.get(headerHash(second.header)), null);
});

test('a longer branch without work loses to a shorter one with it, in one switch with both lists', async (t) => {
  const trunk = idle(new TestChain(genesis, MEMBERS), 2);
  const long = idle(trunk.fork(), 8);
  const heavy = improve(trunk.fork(), 'ada', 100);
  const { chain, store } = await open();
  await importAll(chain, long.blocks);
  const branch = heavy.blocks.slice(2);
  const outcomes = await importAll(chain, branch);
  for (const outcome of outcomes.slice(0, -1)) t.is(switchOf(t, outcome), null);
  t.deepEqual(await canonicalHashes(store), hashes(heavy.blocks), 'the store has moved as a whole');
  const change = switchOf(t, outcomes.at(-1));
  t.deepEqual(
    change?.reverted.map(({ hash }) => hash),
    hashes(long.blocks.slice(2)).reverse(),
    'highest first',
  );
  t.deepEqual(
    change?.applied.map(({ hash }) => hash),
    hashes(branch),
    'lowest first',
  );
  t.deepEqual(
    change?.applied.map(({ records }) => records),
    heavy.history.slice(2).map(({ records }) => records),
  );
  t.deepEqual(
    change?.applied.map(({ isProofBlock }) => isProofBlock),
    [false, false, false, false, false, true],
  );
  t.is(chain.head.state.root(), heavy.tip.state.root());
  t.false(await store.isCanonical(long.tip.hash));
  t.true((await store.get(long.tip.hash)) !== null, 'the old branch is kept');
});

test('a branch can be left and taken again', async (t) => {
  const one = improve(new TestChain(genesis, MEMBERS), 'ada', 60);
  const two = improve(new TestChain(genesis, MEMBERS), 'bob', 90);
  const again = improve(one.fork(), 'cid', 130);
  const { chain, store } = await open();
  await importAll(chain, one.blocks);
  await importAll(chain, two.blocks);
  t.is(chain.head.hash, two.tip.hash);
  const outcomes = await importAll(chain, again.blocks.slice(one.blocks.length));
  const change = outcomes.map((outcome) => switchOf(t, outcome)).find((found) => found !== null);
  t.deepEqual(
    change?.reverted.map(({ hash }) => hash),
    hashes(two.blocks).reverse(),
  );
  t.is(change?.applied[0]?.hash, hashes(one.blocks)[0]);
  t.is(chain.head.hash, again.tip.hash);
  t.deepEqual(await canonicalHashes(store), hashes(again.blocks));
});

test('after opening again head, weight and state are as before, and side branches are still known', async (t) => {
  const trunk = idle(new TestChain(genesis, MEMBERS), 2);
  const heavy = improve(trunk.fork(), 'ada', 100);
  const side = idle(trunk.fork(), 3, 'cid');
  const file = await databaseFile();
  const before = await open(file);
  await importAll(before.chain, heavy.blocks);
  await importAll(before.chain, side.blocks.slice(2));
  await before.store.close();

  const { chain, store } = await open(file);
  t.is(chain.head.hash, heavy.tip.hash);
  t.is(chain.head.state.root(), heavy.tip.state.root());
  t.deepEqual(chain.weight(), before.chain.weight());
  for (const block of [...heavy.blocks, ...side.blocks])
    t.deepEqual(await chain.import(block), { kind: 'already-known' });
  t.is((await chain.tipOf(side.tip.hash))?.state.root(), side.tip.state.root());

  const heavier = improve(side.fork(), 'bob', 200);
  const outcomes = await importAll(chain, heavier.blocks.slice(5));
  const change = switchOf(t, outcomes.at(-1));
  t.deepEqual(
    change?.reverted.map(({ hash }) => hash),
    hashes(heavy.blocks.slice(2)).reverse(),
  );
  t.deepEqual(
    change?.applied.map(({ hash }) => hash),
    hashes(heavier.blocks.slice(2)),
  );
  await store.close();
});

test('a fork deeper than the states kept in memory is recomputed and followed', async (t) => {
  const trunk = idle(new TestChain(genesis, MEMBERS), 2);
  const long = idle(trunk.fork(), 280);
  const heavy = improve(trunk.fork(), 'ada', 100);
  const { chain, store } = await open();
  await importAll(chain, long.blocks);
  t.is(chain.head.state.require(GLOBALS).height, 282);
  const outcomes = await importAll(chain, heavy.blocks.slice(2));
  const change = switchOf(t, outcomes.at(-1));
  t.is(change?.reverted.length, 280);
  t.is(change?.applied.length, 6);
  t.is(chain.head.state.root(), heavy.tip.state.root());
  t.deepEqual(await canonicalHashes(store), hashes(heavy.blocks));
  t.is((await chain.tipOf(long.tip.hash))?.state.root(), long.tip.state.root(), 'back there too');
  t.is(await chain.tipOf('ab'.repeat(32)), null);
});

test('nodes that get the same blocks in any order of branches end on the same head and state', async (t) => {
  const trunk = idle(new TestChain(genesis, MEMBERS), 2);
  const branches = [
    idle(trunk.fork(), 4),
    improve(trunk.fork(), 'ada', 100),
    improve(idle(trunk.fork(), 1, 'cid'), 'bob', 100),
    idle(trunk.fork(), 4, 'cid', 1),
  ];
  const ends = new Set<string>();
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [1, 3, 0, 2],
    [2, 0, 3, 1],
  ]) {
    const { chain, store } = await open();
    // Round by round, so that branches grow next to each other.
    for (let depth = 0; depth < 10; depth += 1) {
      for (const branch of order) {
        const block = branches[branch]!.blocks[depth];
        if (block !== undefined) await chain.import(block);
      }
    }
    ends.add(`${chain.head.hash} ${chain.head.state.root()} ${(await canonicalHashes(store)).join()}`);
  }
  t.is(ends.size, 1);
});

test('imports that arrive together are done one after the other', async (t) => {
  const trunk = idle(new TestChain(genesis, MEMBERS), 1);
  const one = improve(trunk.fork(), 'ada', 60);
  const two = improve(trunk.fork(), 'bob', 90);
  const { chain, store } = await open();
  await Promise.all([...one.blocks, ...two.blocks.slice(1), ...one.blocks].map((block) => chain.import(block)));
  t.is(chain.head.hash, two.tip.hash);
  t.deepEqual(await canonicalHashes(store), hashes(two.blocks));
});

test('a store of another network is refused with the file and what to do', async (t) => {
  const file = await databaseFile();
  await (await open(file)).store.close();
  const other = makeGenesis(MEMBERS, { chainId: 'other' });
  const error = await t.throwsAsync(open(file, other));
  t.true(isDoinError(error, 'wrong-chain-store'));
  t.true(error?.message.includes(file) && /use another data_dir/.test(error.message));
  await (await open(file)).store.close();
});

/** A stored chain of five blocks whose database somebody changes. */
async function tampered(change: (database: Database, blocks: readonly Block[]) => Promise<void>): Promise<string> {
  const source = improve(idle(new TestChain(genesis, MEMBERS), 2), 'ada', 100);
  const file = await databaseFile();
  const { chain, store } = await open(file);
  await importAll(chain, source.blocks);
  await store.close();
  const database = await Database.open(file);
  await change(database, source.blocks);
  await database.close();
  return file;
}

const tamperings: readonly (readonly [string, (database: Database, blocks: readonly Block[]) => Promise<void>])[] = [
  ['cut short', (database) => database.run('UPDATE blocks SET bytes = substr(bytes, 1, 100) WHERE height = 3')],
  ['missing', (database) => database.run('UPDATE blocks SET canonical = 0 WHERE height = 3')],
  ['missing at the start', (database) => database.run('UPDATE blocks SET canonical = 0 WHERE height = 1')],
  [
    'swapped for its neighbour',
    (database) =>
      database.run('UPDATE blocks SET bytes = (SELECT bytes FROM blocks WHERE height = 2) WHERE height = 3'),
  ],
  ...(
    [
      [
        'of another state root',
        (block: Block): Block => ({ ...block, header: { ...block.header, stateRoot: 'ab'.repeat(32) } }),
      ],
      [
        'of a later time',
        (block: Block): Block => ({ ...block, header: { ...block.header, timestampMs: block.header.timestampMs + 1 } }),
      ],
      [
        'of another proposer',
        (block: Block): Block => ({ ...block, header: { ...block.header, proposer: block.header.parent } }),
      ],
      ['without its transactions', (block: Block): Block => ({ ...block, transactions: [] })],
    ] as const
  ).flatMap(([name, edit]) =>
    // The last block has no successor whose parent would give it away.
    [3, 5].map(
      (height) =>
        [
          `${name} at height ${height}`,
          (database: Database, blocks: readonly Block[]) =>
            database.run('UPDATE blocks SET bytes = ? WHERE height = ?', [
              blockBytes(edit(blocks[height - 1]!)),
              height,
            ]),
        ] as const,
    ),
  ),
];

for (const [name, change] of tamperings) {
  test(`a stored block ${name} is noticed when the chain is opened`, async (t) => {
    const error = await t.throwsAsync(open(await tampered(change)));
    t.true(isDoinError(error, 'chain-corrupt'), error?.message);
    t.regex(error?.message ?? '', /data_dir: .* move chain.db away/);
  });
}

test('what the store gives back is what went in', async (t) => {
  const source = improve(new TestChain(genesis, MEMBERS), 'ada', 100);
  const { chain, store } = await open(await databaseFile());
  await importAll(chain, source.blocks);
  const stored = await store.canonicalFrom(2, 1);
  t.is(stored.length, 1);
  t.deepEqual(stored[0]?.bytes, blockBytes(source.blocks[1]!));
  t.deepEqual(decodeBlock(stored[0]!.bytes), { ok: true, value: source.blocks[1]! });
  t.is(await store.canonicalHeight(), 6);
  await store.close();
});

/** Finality in the block tree: what a final checkpoint forbids, also after a restart, and when a chain falls silent. */
import test from 'ava';
import { Blockchain } from '../../../../actors/chain/blockchain.js';
import { Duties } from '../../../../actors/chain/duties.js';
import { nextAttestation } from '../../../../actors/chain/finality/voting.js';
import { genesisHash } from '../../../../actors/chain/genesis.js';
import { MemoryBlockStore, MemoryBlocks } from '../../../../actors/chain/memory-store.js';
import { FINALITY } from '../../../../actors/chain/state/finality.js';
import { EVALUATES, GLOBALS } from '../../../../actors/chain/state/state.js';
import { applyBlock, hasPendingWork } from '../../../../actors/chain/transition.js';
import type { Block } from '../../../../actors/chain/types.js';
import { strictVerifier } from '../../../../actors/chain/verifier.js';
import { isDoinError } from '../../../../runtime/errors.js';
import { NANO } from '../../../../runtime/fixed/nano.js';
import { MemoryStateFile } from '../../../../runtime/storage/state-file.js';
import {
  attestationsOf,
  DOMAIN_ID,
  keyOf,
  makeGenesis,
  makeReveal,
  sign,
  TestChain,
  votesOn,
} from '../../../kit/chain.js';

const NAMES = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(NAMES);

/** Blocks that a registration causes, with these members attesting. */
function grow(chain: TestChain, count: number, attesting: readonly string[] = []): TestChain {
  for (let block = 0; block < count; block += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf('dan').publicKey) ?? []).length > 0;
    const body = { type: 'register-evaluator', stamp: 0, domains: registered ? [] : [DOMAIN_ID] } as const;
    const attestations = attestationsOf(chain, attesting);
    const nonce = chain.nextNonce('dan') + (attesting.includes('dan') ? 1 : 0);
    chain.add([...attestations, sign(genesis, 'dan', nonce, body)]);
  }
  return chain;
}

function improve(chain: TestChain, name: string, gain: number): TestChain {
  const { commit, reveal } = makeReveal(genesis, name, [chain.blocks.length, gain], (-420 + gain) * NANO);
  chain.addWithNext([sign(genesis, name, chain.nextNonce(name), commit)]);
  const { records } = chain.addWithNext([sign(genesis, name, chain.nextNonce(name), reveal)]);
  chain.addWithNext(votesOn(chain, records, () => (-420 + gain) * NANO));
  return chain;
}

const finalOf = (chain: TestChain) => chain.tip.state.require(FINALITY).finalized.height;

async function open(blocks = new MemoryBlocks()) {
  return Blockchain.open(genesis, MemoryBlockStore.open(genesisHash(genesis), blocks), strictVerifier);
}

async function importAll(chain: Blockchain, blocks: readonly Block[]) {
  const kinds: string[] = [];
  for (const block of blocks) {
    const outcome = await chain.import(block);
    kinds.push(outcome.kind === 'imported' && outcome.headSwitch !== null ? 'head' : outcome.kind);
  }
  return kinds;
}

test('no branch replaces a final block, whatever its work, also after a restart', async (t) => {
  const final = grow(new TestChain(genesis, NAMES), 17, NAMES);
  t.is(finalOf(final), 4);
  const deep = improve(grow(new TestChain(genesis, NAMES), 1), 'ada', 100);
  const late = improve(final.fork(), 'ada', 50);
  const blocks = new MemoryBlocks();
  const chain = await open(blocks);
  // Known as a side branch before anything was final.
  await importAll(chain, grow(new TestChain(genesis, NAMES), 1).blocks);
  await importAll(chain, final.blocks);
  t.deepEqual([...new Set(await importAll(chain, deep.blocks.slice(1)))], ['final', 'unknown-parent']);
  t.is(chain.head.hash, final.tip.hash);
  const again = await open(blocks);
  t.deepEqual(again.finalized, { height: 4, hash: final.history[3]!.hash });
  t.deepEqual([...new Set(await importAll(again, deep.blocks.slice(1)))], ['final', 'unknown-parent']);
  await importAll(again, late.blocks);
  t.is(again.head.hash, late.tip.hash, 'above it the chain goes on');
});

test('a side branch from below that grows past the final height stays a side branch', async (t) => {
  const trunk = grow(new TestChain(genesis, NAMES), 3);
  const side = grow(trunk.fork(), 8);
  const final = grow(trunk.fork(), 14, NAMES);
  const heavy = improve(side.fork(), 'ada', 100);
  t.true(finalOf(final) >= 4);
  const chain = await open();
  await importAll(chain, side.blocks);
  await importAll(chain, final.blocks);
  t.is(chain.head.hash, final.tip.hash);
  // The parents are known and above the final height: only the fork lies below it.
  t.deepEqual(await importAll(chain, heavy.blocks.slice(side.blocks.length)), Array<string>(6).fill('imported'));
  t.true(heavy.tip.state.require(GLOBALS).totalWorkNano > final.tip.state.require(GLOBALS).totalWorkNano);
  t.is(chain.head.hash, final.tip.hash);
});

test('a justified checkpoint outweighs work that came without', async (t) => {
  const trunk = grow(new TestChain(genesis, NAMES), 2);
  const justified = grow(trunk.fork(), 10, NAMES);
  t.is(justified.tip.state.require(FINALITY).justified.height, 4);
  t.is(finalOf(justified), 0);
  const heavy = improve(trunk.fork(), 'ada', 100);
  for (const order of [
    [heavy, justified],
    [justified, heavy],
  ]) {
    const chain = await open();
    for (const branch of order) await importAll(chain, branch!.blocks);
    t.is(chain.head.hash, justified.tip.hash);
  }
});

test('unfinalised work drains block by block; then the chain is silent, and attestations do not wake it', (t) => {
  const chain = improve(new TestChain(genesis, NAMES), 'ada', 100);
  t.is(chain.tip.state.require(GLOBALS).proofBlocks, 1);
  let blocks = 0;
  while (hasPendingWork(chain.tip.state)) {
    chain.add(attestationsOf(chain, NAMES));
    blocks += 1;
    if (blocks > 30) return t.fail('never drained');
  }
  t.true(blocks > 6 && blocks <= 2 * 4 + 6 + 2, String(blocks));
  t.true(finalOf(chain) >= 3);
  t.is(chain.propose([]), null);
  // One who comes late has something to say, but it waits for a block that others cause.
  const late = chain.fork();
  grow(late, 9, ['ada']);
  const [waiting] = attestationsOf(late, ['dan']);
  t.not(waiting, undefined);
  t.is(late.propose([waiting!]), null);
  const honest = grow(late.fork(), 1, ['dan']).blocks.at(-1)!;
  t.true(
    honest.transactions.some(({ body }) => body.type === 'attest'),
    'it rides along',
  );
  const bare = applyBlock(late.tip, { ...honest, transactions: [] }, genesis, strictVerifier);
  t.false(bare.ok);
});

test('what was signed is on disk before it is sent, and a restarted node neither contradicts nor doubles itself', async (t) => {
  const file = new MemoryStateFile();
  const trunk = grow(new TestChain(genesis, NAMES), 3);
  const one = grow(trunk.fork(), 8);
  const two = grow(improve(trunk.fork(), 'ada', 100), 4);
  const ada = keyOf('ada').publicKey;
  const first = await Duties.open(file, genesisHash(genesis));
  const said = nextAttestation(one.tip.state, genesis, ada, first.attestation);
  t.is(said?.target.height, 4);
  await first.attesting(said!);
  await first.proposing(11);

  const restarted = await Duties.open(file, genesisHash(genesis));
  t.deepEqual(restarted.attestation, said);
  t.false(restarted.mayPropose(11));
  t.true(restarted.mayPropose(12));
  t.not(nextAttestation(two.tip.state, genesis, ada, null), null, 'without memory it would vote twice');
  t.is(nextAttestation(two.tip.state, genesis, ada, restarted.attestation), null);
  t.deepEqual(nextAttestation(one.tip.state, genesis, ada, restarted.attestation), said, 'the same may be sent again');

  const elsewhere = await Duties.open(file, 'ab'.repeat(32));
  t.is(elsewhere.attestation, null);
  t.true(elsewhere.mayPropose(1), 'slots of another chain mean nothing');
  await file.save({ proposedSlot: 'x' });
  t.true(isDoinError(await t.throwsAsync(Duties.open(file, genesisHash(genesis))), 'duties-corrupt'));
});

/** How fast blocks are verified, applied and stored, next to the least their signatures and VRF proofs alone cost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClaimPool } from '../../actors/chain/ahead.js';
import { Blockchain } from '../../actors/chain/blockchain.js';
import { blockCodec } from '../../actors/chain/codec.js';
import { type Genesis, genesisHash, genesisState } from '../../actors/chain/genesis.js';
import { Intake } from '../../actors/chain/intake.js';
import { MemoryBlockStore } from '../../actors/chain/memory-store.js';
import { Mempool } from '../../actors/chain/mempool.js';
import { opensAtMs, proposersOf } from '../../actors/chain/schedule.js';
import { type BlockStore, SqliteBlockStore } from '../../actors/chain/store.js';
import { applyBlock, buildBlock, type Tip } from '../../actors/chain/transition.js';
import { RememberingVerifier, trustingVerifier } from '../../actors/chain/verifier.js';
import { encode } from '../../runtime/codec/canonical.js';
import { type Claim, VerifyPool } from '../../runtime/crypto/verify-pool.js';
import { keyOf, makeGenesis, makeReveal, measuredAs, proofFor, sign, TestChain } from '../kit/chain.js';
import { median } from './suite.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
/** For the fees of 200,000 transfers. */
const MANY_COINS_UNITS = 10 ** 15;
/** As many as a catch-up gives the chain at a time. */
const LIST = 64;

interface Work {
  readonly genesis: Genesis;
  readonly blocks: readonly Uint8Array[];
}

/** A chain whose blocks after the first few hold this many transfers, each to a new account. */
export function makeWork(transactions: number, count: number): Work {
  const genesis = makeGenesis(MEMBERS);
  const network = new TestChain(genesis, MEMBERS, trustingVerifier);
  earnCoins(network);
  for (let index = 0, nonce = 100; index < count; index += 1) {
    const transfers = Array.from({ length: transactions }, () => {
      nonce += 1;
      return sign(genesis, 'ada', nonce, { type: 'transfer', to: keyOf(`user ${nonce}`).publicKey, amountUnits: 1 });
    });
    network.add(transfers);
  }
  return { genesis, blocks: network.blocks.map((block) => encode(blockCodec, block)) };
}

/** Blocks a second through a node's intake: every signature, proof, rule and state root, and the store's commit. */
export async function importRate(
  { genesis, blocks }: Work,
  pool: ClaimPool,
  store: BlockStore = MemoryBlockStore.open(genesisHash(genesis)),
): Promise<number> {
  const verifier = new RememberingVerifier();
  const chain = await Blockchain.open(genesis, store, verifier);
  const intake = new Intake(
    { chain, mempool: new Mempool(), verifier, pool, now: () => Number.MAX_SAFE_INTEGER / 2 },
    { offenceSeen: () => undefined, pooled: () => undefined, headMoved: () => undefined },
  );
  const started = performance.now();
  for (let at = 0; at < blocks.length; at += LIST) {
    const verdicts = await intake.receiveBlocks(blocks.slice(at, at + LIST));
    const refused = verdicts.find(({ code }) => code !== 'ok');
    if (refused !== undefined) throw new Error(refused.code);
  }
  return (1_000 * blocks.length) / (performance.now() - started);
}

/** The rate, and the one that signatures and VRF proofs alone would allow on every core of this machine. */
export async function rateAndBound(work: Work): Promise<{ rate: number; bound: number }> {
  const pool = new VerifyPool();
  try {
    const lists: (readonly Claim[])[] = [];
    const listening: ClaimPool = {
      check: (claims) => {
        lists.push(claims);
        return pool.check(claims);
      },
      close: () => pool.close(),
    };
    await importRate(work, listening);
    const started = performance.now();
    await Promise.all(lists.map((claims) => pool.check(claims)));
    const bound = (1_000 * work.blocks.length) / (performance.now() - started);
    return { rate: await importRate(work, pool), bound };
  } finally {
    await pool.close();
  }
}

/** The same onto a disk. */
export async function syncRate(work: Work): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'doin-bench-'));
  const pool = new VerifyPool();
  const store = await SqliteBlockStore.open(join(folder, 'chain.db'), genesisHash(work.genesis));
  try {
    return await importRate(work, pool, store);
  } finally {
    await pool.close();
    await store.close();
    await rm(folder, { recursive: true });
  }
}

/**
 * Median microseconds of rules and state root per block of two transfers to new accounts, over the last tenth of a chain and
 * over the second one. Signatures cost the same at every height and are left out, as is who signs.
 */
export function growth(count: number): { value: number; baseline: number } {
  const genesis = makeGenesis(MEMBERS);
  const seedChain = new TestChain(genesis, MEMBERS, trustingVerifier);
  earnCoins(seedChain);
  seedChain.fund('ada', MANY_COINS_UNITS);
  let tip: Tip = seedChain.tip;
  const vrfProof = proofFor(genesis, { hash: '', state: genesisState(genesis) }, 'ada', 1);
  const tenth = Math.floor(count / 10);
  const costsUs: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const transactions = [2 * index, 2 * index + 1].map((user) => ({
      ...template(genesis),
      nonce: 100 + user,
      body: { type: 'transfer', to: keyOf(`user ${user}`).publicKey, amountUnits: 1 } as const,
    }));
    const slot = 10 + index;
    const [proposer = ''] = proposersOf(tip.state, genesis, slot);
    const proposal = { slot, rank: 0, timestampMs: opensAtMs(genesis, slot, 0), proposer, vrfProof };
    const built = buildBlock(tip, proposal, transactions, genesis, trustingVerifier.signature);
    if (built === null || built.refused.length > 0) throw new Error(built?.refused[0]?.refusal.code ?? 'no block');
    const block = { header: { ...built.header, signature: '00'.repeat(64) }, transactions: built.transactions };
    const started = performance.now();
    const verdict = applyBlock(tip, block, genesis, trustingVerifier);
    costsUs.push(1_000 * (performance.now() - started));
    if (!verdict.ok) throw new Error(verdict.code);
    tip = verdict.applied;
  }
  // The first tenth warms the compiler up; medians, because whatever else the machine does is not the chain's cost.
  return { value: median(costsUs.slice(-tenth)), baseline: median(costsUs.slice(tenth, 2 * tenth)) };
}

function template(genesis: Genesis) {
  return { ...sign(genesis, 'ada', 1, { type: 'transfer', to: keyOf('bob').publicKey, amountUnits: 1 }) };
}

/** One optimum of ada's, verified and paid. */
function earnCoins(network: TestChain): void {
  const { genesis } = network;
  const reported = -100_000_000_000;
  const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1, 2], reported);
  network.addWithNext([sign(genesis, 'ada', 1, commit)]);
  const { records } = network.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const seats = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat] : []));
  network.addWithNext(
    seats.map((seat) =>
      sign(genesis, network.names.get(seat.evaluator) ?? '', 1, {
        type: 'vote',
        optimum,
        seat: seat.index,
        dataSeed: seat.dataSeed,
        measurement: measuredAs(seat, reported),
      }),
    ),
  );
}

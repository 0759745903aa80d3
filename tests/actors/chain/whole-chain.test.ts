import test from 'ava';
import fc from 'fast-check';
import { decodeBlock } from '../../../actors/chain/codec.js';
import { genesisHash, genesisState, LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { memberIds } from '../../../actors/chain/state/members.js';
import {
  ACCOUNT,
  GLOBALS,
  OPEN,
  OPEN_COUNT,
  OPTIMUM,
  REPUTATION,
  SHARES,
  type State,
} from '../../../actors/chain/state/state.js';
import { applyBlock, type Tip } from '../../../actors/chain/transition.js';
import type { ChainRecord } from '../../../actors/chain/types.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import { blockBytes, keyOf, makeGenesis, TestChain } from '../../kit/chain.js';
import { RandomLife, steps } from '../../kit/random-life.js';

const NAMES = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'];
/** A subsidy that halves often and a deadline that passes within a short life. */
const challenge = { ...LOCAL_PARAMETERS.challenge, windowBlocks: 2, auditLargeNano: 500_000_000, banBlocks: 5 };
const genesis = makeGenesis(NAMES, { parameters: { halvingProofBlocks: 3, seatDeadlineBlocks: 4, challenge } });

function lived(life: Parameters<RandomLife['run']>[0]): TestChain {
  const chain = new TestChain(genesis, NAMES);
  new RandomLife(chain).run(life);
  return chain;
}

/** Everybody who can have anything. */
const IDS = [...NAMES, 'nobody'].map((name) => keyOf(name).publicKey);
const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n);

/** What must hold in any state a chain can reach. */
function faults(state: State, records: readonly ChainRecord[]): string[] {
  const globals = state.require(GLOBALS);
  const accounts = IDS.flatMap((id) => state.get(ACCOUNT, id) ?? []);
  const shares = state.require(SHARES);
  const accepted = records.flatMap((record) => (record.type === 'OPTIMAE_ACCEPTED' ? [record] : []));
  const open = state.require(OPEN);
  const committed = records.flatMap((record) => (record.type === 'COMMITTED' ? [record.optimum] : []));
  const openOf = (id: string) => open.filter((optimum) => state.require(OPTIMUM, optimum).optimizer === id).length;
  const checks: readonly (readonly [string, boolean])[] = [
    [
      'every coin minted is in an account, locked or burned',
      accounts.reduce((total, { balanceUnits }) => total + balanceUnits, 0) ===
        globals.supplyUnits - globals.lockedUnits - globals.burnedUnits,
    ],
    ['nobody owes', accounts.every(({ balanceUnits }) => balanceUnits >= 0)],
    ['supply within the cap', globals.supplyUnits <= genesis.parameters.supplyCapUnits],
    [
      'pending work is the optimizers’ shares',
      sum(shares.optimizers.map(({ workNano }) => workNano)) === globals.pendingWorkNano,
    ],
    [
      'all work ever accepted is consumed or pending',
      sum(accepted.map((record) => BigInt(record.effectiveIncrementNano))) ===
        globals.totalWorkNano + globals.pendingWorkNano,
    ],
    ['accepted is counted', accepted.length === globals.accepted],
    ['rejected is counted', records.filter(({ type }) => type === 'OPTIMAE_REJECTED').length === globals.rejected],
    [
      'the open list names the open optimae',
      open.join() === open.filter((id) => state.get(OPTIMUM, id) !== undefined).join(),
    ],
    ['and all of them', committed.filter((id) => state.get(OPTIMUM, id) !== undefined).length === open.length],
    ['each of them counts for its optimizer', IDS.every((id) => (state.get(OPEN_COUNT, id) ?? 0) === openOf(id))],
    [
      'members are the holders of reputation, sorted',
      memberIds(state).join() ===
        IDS.filter((id) => state.get(REPUTATION, id) !== undefined)
          .sort()
          .join(),
    ],
    ['no reputation below zero', IDS.every((id) => (state.get(REPUTATION, id)?.scoreMicro ?? 0) >= 0)],
  ];
  return checks.flatMap(([name, holds]) => (holds ? [] : [name]));
}

test('what random members do makes a chain that another node rebuilds from its bytes, state root by state root', (t) => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(steps, (life) => {
      const chain = lived(life);
      let other: Tip = { hash: genesisHash(genesis), state: genesisState(genesis) };
      const records: ChainRecord[] = [];
      for (const [index, block] of chain.blocks.entries()) {
        const decoded = decodeBlock(blockBytes(block));
        if (!decoded.ok) return t.fail(decoded.detail);
        const verdict = applyBlock(other, decoded.value, genesis, strictVerifier);
        if (!verdict.ok) return t.fail(verdict.code);
        other = verdict.applied;
        records.push(...verdict.applied.records);
        const original = chain.history[index]!;
        t.is(other.hash, original.hash);
        t.is(other.state.root(), original.state.root());
        t.deepEqual(verdict.applied.records, original.records);
        t.deepEqual(faults(other.state, records), [], `height ${index + 1}`);
      }
      for (const { type } of records) seen.set(type, (seen.get(type) ?? 0) + 1);
    }),
    { numRuns: 10, seed: 1 },
  );
  for (const type of [
    'OPTIMAE_ACCEPTED',
    'OPTIMAE_REJECTED',
    'COINBASE',
    'COMMIT_EXPIRED',
    'TASK_COMPLETED',
    'STAKE',
    'PROVISIONAL',
    'CHALLENGED',
    'JUDGED',
  ] as const) {
    t.true((seen.get(type) ?? 0) > 0, `${type} happened`);
  }
});

test('the same life twice gives the same bytes', (t) => {
  const [life] = fc.sample(steps, { numRuns: 1, seed: 2 });
  t.deepEqual(lived(life!).blocks.map(blockBytes), lived(life!).blocks.map(blockBytes));
});

test('states of the past stay what they were', (t) => {
  const [life] = fc.sample(steps, { numRuns: 1, seed: 3 });
  const chain = lived(life!);
  for (const [index, { header }] of chain.blocks.entries()) {
    const { state } = chain.history[index]!;
    t.is(state.require(GLOBALS).height, index + 1);
    t.is(state.root(), header.stateRoot);
  }
});

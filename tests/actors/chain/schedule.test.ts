import test from 'ava';
import { type Genesis, genesisState } from '../../../actors/chain/genesis.js';
import {
  eligibleMembers,
  opensAtMs,
  proposerAt,
  proposersOf,
  ranksPerSlot,
  slotAt,
  slotStartMs,
} from '../../../actors/chain/schedule.js';
import { GLOBALS, REPUTATION } from '../../../actors/chain/state/state.js';
import { keyOf, makeGenesis, START_MS } from '../../kit/chain.js';

const NAMES = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay'];
const MICRO = 1_000_000;

function withReputations(reputations: readonly number[]): Genesis {
  const genesis = makeGenesis(NAMES.slice(0, reputations.length));
  const members = genesis.members.map((member, index) => ({ ...member, reputationMicro: reputations[index]! * MICRO }));
  return { ...genesis, members };
}

test('slots and times belong together', (t) => {
  const genesis = makeGenesis(['ada']);
  t.is(slotAt(genesis, START_MS), 0);
  t.is(slotAt(genesis, START_MS + 999), 0);
  t.is(slotAt(genesis, START_MS + 1_000), 1);
  t.is(ranksPerSlot(genesis), 4);
  for (const slot of [0, 1, 77]) {
    t.is(slotAt(genesis, slotStartMs(genesis, slot)), slot);
    t.is(opensAtMs(genesis, slot, 0), slotStartMs(genesis, slot));
    t.is(slotAt(genesis, opensAtMs(genesis, slot, ranksPerSlot(genesis) - 1)), slot, 'the last rank is in the slot');
    t.is(slotAt(genesis, opensAtMs(genesis, slot, ranksPerSlot(genesis))), slot + 1);
  }
});

test('the ranks of a slot are the same for everybody, without repeats, and differ between slots', (t) => {
  const genesis = withReputations([10, 10, 10, 10, 10, 10]);
  const state = genesisState(genesis);
  const reversed = genesisState({ ...genesis, members: [...genesis.members].reverse() });
  const globals = state.require(GLOBALS);
  const orders = new Set<string>();
  for (let slot = 1; slot <= 50; slot += 1) {
    const order = proposersOf(state, genesis, slot);
    t.is(order.length, 4);
    for (const rank of [0, 1, 2, 3, 4]) t.is(proposerAt(state, genesis, slot, rank), order[rank]);
    t.is(new Set(order).size, 4);
    t.deepEqual(proposersOf(state, genesis, slot), order);
    t.deepEqual(
      proposersOf(reversed.set(GLOBALS, '', globals), genesis, slot),
      order,
      'the order of founders is nothing',
    );
    orders.add(order.join());
  }
  t.true(orders.size > 40);
});

test('how often a member ranks first follows his reputation', (t) => {
  const reputations = [2, 4, 6, 8, 20];
  const genesis = withReputations(reputations);
  // A beacon of its own: what else stands in a genesis must not throw these dice again.
  const founded = genesisState(genesis);
  const state = founded.set(GLOBALS, '', { ...founded.require(GLOBALS), beacon: 'ab'.repeat(32) });
  const slots = 4_000;
  const first = new Map<string, number>();
  const second = new Map<string, number>();
  for (let slot = 1; slot <= slots; slot += 1) {
    const [one, two] = proposersOf(state, genesis, slot);
    first.set(one!, (first.get(one!) ?? 0) + 1);
    second.set(two!, (second.get(two!) ?? 0) + 1);
  }
  const total = 40;
  const chiSquare = (counts: ReadonlyMap<string, number>, share: (index: number) => number) =>
    reputations.reduce((sum, _, index) => {
      const expected = slots * share(index);
      return sum + ((counts.get(keyOf(NAMES[index]!).publicKey) ?? 0) - expected) ** 2 / expected;
    }, 0);
  const firstShare = (index: number) => reputations[index]! / total;
  const secondShare = (index: number) =>
    reputations.reduce(
      (sum, other, at) => (at === index ? sum : sum + (other / total) * (reputations[index]! / (total - other))),
      0,
    );
  t.true(chiSquare(first, firstShare) < 18.47, '0.1 % point at 4 degrees of freedom');
  t.true(chiSquare(second, secondShare) < 18.47);
});

test('members below the minimum reputation have no rank; when all are below, the founders take turns', (t) => {
  const genesis = withReputations([1, 10, 1.999999, 2]);
  const state = genesisState(genesis);
  const eligible = ['bob', 'dan'].map((name) => keyOf(name).publicKey);
  for (let slot = 1; slot < 30; slot += 1)
    t.deepEqual(proposersOf(state, genesis, slot).toSorted(), eligible.toSorted());
  const poor = withReputations([1, 1, 1]);
  const turns = new Set(Array.from({ length: 60 }, (_, slot) => proposersOf(genesisState(poor), poor, slot + 1)[0]));
  t.is(turns.size, 3);
});

test('reputation that faded by the time of the state counts as faded', (t) => {
  const genesis = withReputations([10, 10]);
  const ada = keyOf('ada').publicKey;
  const state = genesisState(genesis);
  const later = { ...state.require(GLOBALS), timestampMs: START_MS + 3 * genesis.parameters.reputation.halfLifeMs };
  const aged = state
    .set(GLOBALS, '', later)
    .set(REPUTATION, ada, { scoreMicro: 10 * MICRO, updatedMs: later.timestampMs });
  t.deepEqual(proposersOf(aged, genesis, 9), [ada]);
});

test('the moment a proposer chooses within his slot does not choose who comes after him', (t) => {
  const genesis = withReputations([2, 4, 6, 8, 20].map((micro) => micro + 3));
  const state = genesisState(genesis);
  const globals = state.require(GLOBALS);
  const orders = new Set<string>();
  const byRemainder = new Set<bigint>();
  for (let afterMs = 0; afterMs < 5_000; afterMs += 25) {
    const later = state.set(GLOBALS, '', { ...globals, timestampMs: globals.timestampMs + afterMs });
    orders.add(proposersOf(later, genesis, 9).join());
    const total = eligibleMembers(later, genesis).reduce((sum, { weight }) => sum + BigInt(weight), 0n);
    byRemainder.add((4n * (BigInt(`0x${globals.beacon}`) % total)) / total);
  }
  t.is(orders.size, 1);
  t.is(byRemainder.size, 4, 'a remainder of the total weight would be his to choose');
});

import test from 'ava';
import fc from 'fast-check';
import { genesisState } from '../../../actors/chain/genesis.js';
import { eligibleMembers } from '../../../actors/chain/schedule.js';
import { MEMBER_BYTES, MEMBERS, memberIds, withMemberEntry } from '../../../actors/chain/state/members.js';
import { State } from '../../../actors/chain/state/state.js';
import { makeGenesis } from '../../kit/chain.js';

const ids = fc.array(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  { maxLength: 60 },
);

test('members are listed once each and sorted, whatever the order they came in', (t) => {
  fc.assert(
    fc.property(ids, fc.array(fc.nat(59), { maxLength: 60 }), (nodes, again) => {
      const joined = [...nodes, ...again.flatMap((at) => nodes.slice(at, at + 1))];
      const state = joined.reduce(withMemberEntry, State.empty.set(MEMBER_BYTES, '', []));
      const sorted = [...new Set(nodes)].sort();
      t.deepEqual(memberIds(state), sorted);
      const backwards = [...joined].reverse().reduce(withMemberEntry, State.empty.set(MEMBER_BYTES, '', []));
      t.is(backwards.root(), state.root());
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('who is a member already changes nothing, and who joins rewrites his part of the list only', (t) => {
  let state = State.empty.set(MEMBER_BYTES, '', []);
  for (let index = 0; index < 1_024; index += 1) {
    state = withMemberEntry(state, (index % 256).toString(16).padStart(2, '0') + index.toString(16).padStart(62, '0'));
  }
  const node = `07${'f'.repeat(62)}`;
  const joined = withMemberEntry(state, node);
  t.is(withMemberEntry(joined, node), joined);
  const before = new Map(state.list(MEMBERS));
  const rewritten = [...joined.list(MEMBERS)].filter(([id, members]) => before.get(id) !== members);
  t.deepEqual(
    rewritten.map(([id]) => id),
    ['07'],
  );
  t.is(joined.get(MEMBER_BYTES), state.get(MEMBER_BYTES));
});

test('who is eligible in a state follows the constants of the chain that asks', (t) => {
  const genesis = makeGenesis(['ada', 'bob']);
  const state = genesisState(genesis);
  const { reputation } = genesis.parameters;
  const strict = {
    ...genesis,
    parameters: { ...genesis.parameters, reputation: { ...reputation, minimumMicro: 2e9 } },
  };
  t.true(eligibleMembers(state, genesis).every(({ weight }) => weight === 10_000_000));
  t.true(eligibleMembers(state, strict).every(({ weight }) => weight === 1));
  t.true(eligibleMembers(state, genesis).every(({ weight }) => weight === 10_000_000));
});

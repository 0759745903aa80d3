/** How somebody without any reputation becomes an evaluator: by measuring on the side, checked to the bit. */
import test from 'ava';
import { LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { proposersOf } from '../../../actors/chain/schedule.js';
import { BANNED, GLOBALS, OPTIMUM, REPUTATION, SHARES } from '../../../actors/chain/state/state.js';
import type { ChainRecord } from '../../../actors/chain/types.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, measuredAs, sign, TestChain } from '../../kit/chain.js';
import { type Habit, type LifeOptions, liveOn, spareNonce } from '../../kit/duties.js';

const { challenge } = LOCAL_PARAMETERS;
const register = { type: 'register-evaluator', stamp: 0, domains: [DOMAIN_ID] } as const;

function joined(
  founders: readonly string[],
  newcomers: readonly string[],
  options: { solo?: boolean; sample?: number } = {},
) {
  const parameters = {
    challenge: { ...challenge, windowBlocks: 2, auditLargeNano: options.sample ?? 0, auditSmallNano: 0 },
  };
  const genesis = makeGenesis(founders, { solo: options.solo ?? false, parameters });
  const chain = new TestChain(genesis, [...founders, ...newcomers]);
  chain.add(newcomers.map((name) => sign(genesis, name, 1, register)));
  return { genesis, chain };
}

/** `ada` finds something a little better; everybody does his duties. */
function oneOptimum(chain: TestChain, round: number, options: Partial<LifeOptions> = {}): readonly ChainRecord[] {
  const reportedNano = (-100 + round) * NANO;
  const { commit, reveal } = makeReveal(chain.genesis, 'ada', [round, 1], reportedNano);
  chain.addWithNext([sign(chain.genesis, 'ada', spareNonce(chain), commit)]);
  const { records } = chain.addWithNext([sign(chain.genesis, 'ada', spareNonce(chain), reveal)]);
  return [...records, ...liveOn(chain, { truthNano: () => reportedNano, ...options })];
}

const reputation = (chain: TestChain, name: string) =>
  chain.tip.state.get(REPUTATION, keyOf(name).publicKey)?.scoreMicro ?? 0;
const FOUNDERS = ['ada', 'bob', 'cid', 'dan', 'eve'];

test('a newcomer on shadow seats reaches the minimum reputation, and sits in quorums and proposes from then on', (t) => {
  const { chain } = joined(FOUNDERS, ['new']);
  let rounds = 0;
  while (reputation(chain, 'new') < chain.genesis.parameters.reputation.minimumMicro && rounds < 10) {
    rounds += 1;
    oneOptimum(chain, rounds);
  }
  t.true(rounds >= 5 && rounds <= 6, `${rounds}`);
  const duties = Array.from({ length: 12 }, (_, index) => oneOptimum(chain, rounds + 1 + index)).flatMap((records) =>
    records.flatMap((record) =>
      record.type === 'TASK_CREATED' && record.seat.evaluator === keyOf('new').publicKey ? [record.seat.duty] : [],
    ),
  );
  t.true(duties.includes('quorum'));
  t.false(duties.includes('shadow'));
  const { slot } = chain.tip.state.require(GLOBALS);
  const proposers = Array.from(
    { length: 60 },
    (_, index) => proposersOf(chain.tip.state, chain.genesis, slot + 1 + index)[0],
  );
  t.true(proposers.includes(keyOf('new').publicKey));
});

test('a shadow vote neither counts for the optimum nor earns coins, whatever it says', (t) => {
  const { chain } = joined(FOUNDERS, ['new', 'newer']);
  const wrong: Habit = ({ kind, seat }, honest) =>
    kind === 'vote' && seat.duty === 'shadow' && honest.type === 'vote'
      ? { ...honest, measurement: measuredAs(seat, -400 * NANO) }
      : honest;
  const records = oneOptimum(chain, 1, { habits: { new: wrong, newer: wrong } });
  const accepted = records.find((record) => record.type === 'OPTIMAE_ACCEPTED');
  t.is(accepted?.type === 'OPTIMAE_ACCEPTED' ? accepted.agreeing : 0, 3);
  t.is(reputation(chain, 'new'), 0);
  const coinbase = records.flatMap((record) => (record.type === 'COINBASE' ? record.payments : []));
  const shares = chain.tip.state.require(SHARES).evaluators;
  t.false([...coinbase.map(({ to }) => to), ...shares.map(({ node }) => node)].includes(keyOf('new').publicKey));
});

test('a newcomer who copies the published votes is found out and banned instead of rising', (t) => {
  const { chain } = joined(FOUNDERS, ['new']);
  const copy: Habit = ({ kind, seat, optimum }, honest) => {
    if (kind !== 'vote' || seat.duty !== 'shadow' || honest.type !== 'vote') return honest;
    const seen = optimum.seats.find(({ performanceNano }) => performanceNano !== null)?.performanceNano;
    return seen == null ? null : { ...honest, measurement: { ...measuredAs(seat, seen + 1), performanceNano: seen } };
  };
  oneOptimum(chain, 1, { habits: { new: copy } });
  t.is(reputation(chain, 'new'), 0);
  t.truthy(chain.tip.state.get(BANNED, keyOf('new').publicKey));
  const records = oneOptimum(chain, 2);
  t.false(records.some((record) => record.type === 'TASK_CREATED' && record.seat.evaluator === keyOf('new').publicKey));
});

test('the number of shadow seats is bounded, and who misses one loses nothing', (t) => {
  const many = Array.from({ length: 9 }, (_, index) => `new ${index}`);
  const { genesis, chain } = joined(FOUNDERS, many);
  const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1, 1], -100 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 2, commit)]);
  chain.addWithNext([sign(genesis, 'ada', 3, reveal)]);
  const seats = chain.tip.state.require(OPTIMUM, optimum).reveal!.seats;
  t.is(seats.filter(({ duty }) => duty === 1).length, challenge.shadowSeats);
  t.is(seats.filter(({ duty }) => duty === 0).length, 3);
  const silent: Habit = ({ seat }, honest) => (seat.duty === 'shadow' ? null : honest);
  const habits = Object.fromEntries(many.map((name) => [name, silent]));
  const records = liveOn(chain, { truthNano: () => -100 * NANO, habits });
  t.true(
    records.some(({ type }) => type === 'OPTIMAE_ACCEPTED'),
    'and nobody waited for them',
  );
  for (const name of many) t.is(reputation(chain, name), 0);
});

test('beside a solo founder a newcomer rises too: the optimizer may audit what does not count for him', (t) => {
  const { chain } = joined(['ada'], ['new'], { solo: true });
  const records = oneOptimum(chain, 1);
  t.true(records.some(({ type }) => type === 'OPTIMAE_ACCEPTED'));
  t.true(reputation(chain, 'new') > 390_000);
});

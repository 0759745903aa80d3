import test from 'ava';
import { DOMAIN, GLOBALS, OPTIMUM, REPUTATION, SHARES } from '../../../actors/chain/state/state.js';
import type { ChainRecord, Seat } from '../../../actors/chain/types.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { keyOf, makeGenesis, makeReveal, measuredAs, START_MS, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];

/** Commits and reveals for `ada`; returns the chain right after the reveal. */
function revealed(members: readonly string[] = MEMBERS, reportedNano = -100 * NANO, solo = false) {
  const genesis = makeGenesis(members, { solo });
  const chain = new TestChain(genesis, members);
  const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1 * NANO, 2 * NANO], reportedNano);
  chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
  const applied = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const seats = applied.records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat] : []));
  return { genesis, chain, optimum, seats };
}

function votes(context: ReturnType<typeof revealed>, value: (seat: Seat) => number | null, nonce = 10) {
  const { genesis, chain, optimum, seats } = context;
  return seats.map((seat) => {
    const performanceNano = value(seat);
    const measurement = performanceNano === null ? null : measuredAs(seat, performanceNano);
    return sign(genesis, chain.names.get(seat.evaluator)!, nonce, {
      type: 'vote',
      optimum,
      seat: seat.index,
      dataSeed: seat.dataSeed,
      measurement,
    });
  });
}

function find<T extends ChainRecord['type']>(records: readonly ChainRecord[], type: T) {
  return records.find((record): record is Extract<ChainRecord, { type: T }> => record.type === type);
}

test('seats go to other evaluators than the optimizer', (t) => {
  const { seats } = revealed();
  t.is(seats.length, 3);
  t.false(seats.some((seat) => seat.evaluator === keyOf('ada').publicKey));
  t.is(new Set(seats.map((seat) => seat.dataSeed)).size, 3);
});

test('an optimum that the quorum confirms becomes champion, earns work, coins and reputation', (t) => {
  const context = revealed();
  const applied = context.chain.addWithNext(votes(context, () => -100 * NANO));
  const accepted = find(applied.records, 'OPTIMAE_ACCEPTED');
  t.is(accepted?.verifiedNano, -100 * NANO);
  t.is(accepted?.agreeing, 3);
  t.true(applied.isProofBlock);
  const { state } = applied;
  t.is(state.require(DOMAIN, 'quadratic').champion?.optimum, context.optimum);
  t.is(state.require(GLOBALS).pendingWorkNano, 0n);
  t.true(state.require(GLOBALS).totalWorkNano > 0n);
  t.deepEqual(state.require(SHARES), { optimizers: [], evaluators: [] });
  const coinbase = find(applied.records, 'COINBASE');
  t.is(
    coinbase?.payments.reduce((sum, payment) => sum + payment.amountUnits, 0),
    5_000_000_000,
  );
  t.is(coinbase?.payments.find((payment) => payment.share === 'optimizer')?.amountUnits, 3_250_000_000);
  t.true(state.require(REPUTATION, keyOf('ada').publicKey).scoreMicro > 10_900_000);
  t.is(state.get(OPTIMUM, context.optimum), undefined);
});

test('two of three agreeing seats suffice, and the third loses reputation', (t) => {
  const context = revealed();
  const liar = context.seats[0]!.evaluator;
  const applied = context.chain.addWithNext(votes(context, (seat) => (seat.evaluator === liar ? -10 : -100) * NANO));
  t.is(find(applied.records, 'OPTIMAE_ACCEPTED')?.agreeing, 2);
  t.true(applied.state.require(REPUTATION, liar).scoreMicro < 7_100_000);
});

test('a claim that the quorum measures as much worse is rejected and costs the optimizer', (t) => {
  const context = revealed();
  const applied = context.chain.addWithNext(votes(context, () => -300 * NANO));
  t.is(find(applied.records, 'OPTIMAE_REJECTED')?.reason, 'overstated');
  t.is(applied.state.require(DOMAIN, 'quadratic').champion, null);
  t.true(applied.state.require(REPUTATION, keyOf('ada').publicKey).scoreMicro < 7_100_000);
});

test('a result better than claimed is accepted with at most the bonus cap', (t) => {
  const context = revealed();
  const applied = context.chain.addWithNext(votes(context, () => -50 * NANO));
  const accepted = find(applied.records, 'OPTIMAE_ACCEPTED');
  t.is(accepted?.rewardFractionNano, 1_200_000_000);
  t.is(accepted?.verifiedNano, -50 * NANO);
});

test('weights that nobody can measure are rejected, and saying so costs and earns nothing', (t) => {
  const context = revealed();
  const applied = context.chain.addWithNext(votes(context, () => null));
  t.is(find(applied.records, 'OPTIMAE_REJECTED')?.reason, 'unmeasurable');
  t.is(applied.state.require(REPUTATION, context.seats[0]!.evaluator).updatedMs, START_MS);
  t.true(applied.state.require(REPUTATION, keyOf('ada').publicKey).scoreMicro < 7_100_000);
});

test('an evaluator who stays silent is replaced by the next on standby, who gets data of his own', (t) => {
  const members = [...MEMBERS, 'eve', 'fay'];
  const context = revealed(members);
  const silent = context.seats[0]!;
  context.chain.addWithNext(votes(context, () => -100 * NANO).slice(1));
  let replacement: Seat | undefined;
  for (let count = 0; count < 70 && replacement === undefined; count += 1) {
    const created = find(context.chain.add([]).records, 'TASK_CREATED');
    replacement = created?.seat;
  }
  t.truthy(replacement);
  t.not(replacement?.evaluator, silent.evaluator);
  t.not(replacement?.dataSeed, silent.dataSeed);
  const applied = context.chain.addWithNext(votes({ ...context, seats: [replacement!] }, () => -100 * NANO, 11));
  t.truthy(find(applied.records, 'OPTIMAE_ACCEPTED'));
  t.true(applied.state.require(REPUTATION, silent.evaluator).scoreMicro < 9_100_000, 'others could do what he did not');
});

test('on a solo network the optimizer measures himself and the result counts half', (t) => {
  const context = revealed(['ada'], -100 * NANO, true);
  t.deepEqual(
    context.seats.map((seat) => seat.evaluator),
    [keyOf('ada').publicKey],
  );
  const accepted = find(context.chain.addWithNext(votes(context, () => -100 * NANO)).records, 'OPTIMAE_ACCEPTED');
  const ratio = accepted!.effectiveIncrementNano / accepted!.rawIncrementNano;
  t.true(ratio > 0.4999 && ratio <= 0.5, `half, but for two seconds of decayed reputation: ${ratio}`);
});

test('without solo and without other evaluators an optimum is not counted', (t) => {
  const context = revealed(['ada']);
  t.deepEqual(context.seats, []);
  t.is(find(context.chain.history.at(-1)!.records, 'OPTIMAE_REJECTED')?.reason, 'no-quorum');
});

test('a result that somebody else overtook is rejected without blame', (t) => {
  const genesis = makeGenesis(MEMBERS);
  const chain = new TestChain(genesis, MEMBERS);
  const first = makeReveal(genesis, 'ada', [1, 1], -100 * NANO);
  const second = makeReveal(genesis, 'bob', [2, 2], -90 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 1, first.commit), sign(genesis, 'bob', 1, second.commit)]);
  const { records } = chain.addWithNext([
    sign(genesis, 'ada', 2, first.reveal),
    sign(genesis, 'bob', 2, second.reveal),
  ]);
  const tasks = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record] : []));
  const votesFor = (optimum: string, value: number, nonce: number) =>
    tasks
      .filter((task) => task.optimum === optimum)
      .map((task) =>
        sign(genesis, chain.names.get(task.seat.evaluator)!, nonce, {
          type: 'vote',
          optimum,
          seat: task.seat.index,
          dataSeed: task.seat.dataSeed,
          measurement: measuredAs(task.seat, value),
        }),
      );
  chain.addWithNext(votesFor(second.optimum, -90 * NANO, 10));
  const applied = chain.addWithNext(votesFor(first.optimum, -100 * NANO, 11));
  t.is(find(applied.records, 'OPTIMAE_REJECTED')?.reason, 'not-better');
  t.true(applied.state.require(REPUTATION, keyOf('ada').publicKey).scoreMicro >= 10_000_000 - 100);
});

test('a commitment that is not revealed in time expires', (t) => {
  const genesis = makeGenesis(MEMBERS);
  const chain = new TestChain(genesis, MEMBERS);
  const first = makeReveal(genesis, 'ada', [1, 1], -100 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 1, first.commit)]);
  const applied = chain.addWithNext(
    [sign(genesis, 'bob', 1, makeReveal(genesis, 'bob', [2, 2], -90 * NANO).commit)],
    4_000,
  );
  t.truthy(find(applied.records, 'COMMIT_EXPIRED'));
  t.is(applied.state.get(OPTIMUM, first.optimum), undefined);
});

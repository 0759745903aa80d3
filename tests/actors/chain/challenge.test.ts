/** The challenge window: audits find copied numbers, juries prove it, and nobody honest pays. */
import test from 'ava';
import fc from 'fast-check';
import { DEFAULT_PARAMETERS, LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { BANNED, DOMAIN, GLOBALS, OPTIMUM, REPUTATION } from '../../../actors/chain/state/state.js';
import type { ChainRecord, Seat, SeatMeasurement } from '../../../actors/chain/types.js';
import { decideJury, isSampled, seatBits } from '../../../actors/quorum/audit-rules.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { evaluationOf, keyOf, makeGenesis, makeReveal, measuredAs, sign, TestChain } from '../../kit/chain.js';
import { type Habit, liveOn, spareNonce } from '../../kit/duties.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'];
const TRUTH = -100 * NANO;
const truthNano = () => TRUTH;
const { challenge } = LOCAL_PARAMETERS;

/** `ada` claims -100; the window is the real one, and every seat is audited. */
function revealed(change: Partial<typeof challenge> = {}, members: readonly string[] = MEMBERS, reportedNano = TRUTH) {
  const genesis = makeGenesis(members, { parameters: { challenge: { ...challenge, ...change } } });
  const chain = new TestChain(genesis, members);
  const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1, 2], reportedNano);
  chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const seats = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat] : []));
  return { genesis, chain, optimum, seats, nameOf: (seat: Seat) => chain.names.get(seat.evaluator)! };
}

function all<T extends ChainRecord['type']>(records: readonly ChainRecord[], type: T) {
  return records.filter((record): record is Extract<ChainRecord, { type: T }> => record.type === type);
}

const reputation = (chain: TestChain, name: string) =>
  chain.tip.state.get(REPUTATION, keyOf(name).publicKey)?.scoreMicro ?? 0;

/** Votes the given number without having measured: data hash and digest are made up. */
const copies =
  (performanceNano: number): Habit =>
  ({ kind, seat }, honest) =>
    kind === 'vote' && honest.type === 'vote'
      ? { ...honest, measurement: { ...measuredAs(seat, performanceNano + 1), performanceNano } }
      : honest;

test('what the quorum accepts waits six blocks for challenges, blocks that come without any transaction, and then counts', (t) => {
  const { chain, optimum } = revealed({ auditLargeNano: 0 });
  const before = chain.tip.state.require(GLOBALS).height;
  const records = liveOn(chain, { truthNano });
  const [provisional] = all(records, 'PROVISIONAL');
  t.is(provisional?.verifiedNano, TRUTH);
  t.is(provisional?.settlesAtHeight, before + 2 + 6);
  t.is(all(records, 'OPTIMAE_ACCEPTED').length, 1);
  t.is(chain.tip.state.require(GLOBALS).height, before + 8);
  t.true(chain.blocks.slice(-7).every(({ transactions }) => transactions.length === 0));
  t.is(chain.tip.state.require(DOMAIN, 'quadratic').champion?.optimum, optimum);
});

test('windows of several optima overlap, and together their work is what one of the whole gain is worth', (t) => {
  const { genesis, chain } = revealed({ auditLargeNano: 0 });
  const second = makeReveal(genesis, 'bob', [3, 4], -50 * NANO);
  chain.addWithNext([sign(genesis, 'bob', 1, second.commit)]);
  chain.addWithNext([sign(genesis, 'bob', 2, second.reveal)]);
  const start = chain.tip.state.require(GLOBALS).height;
  const records = liveOn(chain, {
    truthNano: (_, { optimum }) => (optimum === second.optimum ? -50 * NANO : TRUTH),
  });
  t.true(chain.tip.state.require(GLOBALS).height - start <= 8);
  const accepted = all(records, 'OPTIMAE_ACCEPTED');
  t.is(accepted.length, 2);
  const raw = accepted.reduce((sum, { rawIncrementNano }) => sum + rawIncrementNano, 0);
  t.is(raw, (370 * NANO) / 10, 'from the baseline of -420 to -50 in steps of 10, whoever came first');
});

test('large gains have every seat audited by somebody who is neither its evaluator nor the optimizer, and clean audits are paid', (t) => {
  const { chain, seats } = revealed();
  const records = liveOn(chain, { truthNano });
  const audits = all(records, 'TASK_CREATED').flatMap(({ seat }) => (seat.duty === 'audit' ? [seat] : []));
  t.deepEqual(
    audits.map((audit) => audit.audits),
    seats.map((seat) => seat.index),
  );
  for (const audit of audits) {
    const audited = seats[audit.audits!]!;
    t.not(audit.evaluator, audited.evaluator);
    t.not(audit.evaluator, keyOf('ada').publicKey);
    t.is(audit.dataSeed, audited.dataSeed);
    t.true(reputation(chain, chain.names.get(audit.evaluator)!) > 10_390_000);
  }
  const [accepted] = all(records, 'OPTIMAE_ACCEPTED');
  t.is(accepted?.votes.filter(({ duty }) => duty === 'audit').length, audits.length);
});

test('an evaluator who copies the reported value is caught by an audit, loses everything, and somebody else measures', (t) => {
  const { chain, seats, nameOf } = revealed();
  const liar = nameOf(seats[0]!);
  const records = liveOn(chain, { truthNano, habits: { [liar]: copies(TRUTH) } });
  const [judged] = all(records, 'JUDGED');
  t.is(judged?.outcome, 'false-vote');
  t.is(judged?.evaluator, keyOf(liar).publicKey);
  t.is(reputation(chain, liar), 0);
  t.true(chain.tip.state.require(BANNED, keyOf(liar).publicKey) > chain.tip.state.require(GLOBALS).height);
  t.true(
    chain.names.get(judged!.challenger)! !== 'ada' &&
      reputation(chain, chain.names.get(judged!.challenger)!) > 10_000_000,
  );
  const [accepted] = all(records, 'OPTIMAE_ACCEPTED');
  t.is(accepted?.agreeing, seats.length, 'the standby took the seat');
  const seated = accepted!.votes.filter(({ duty }) => duty === 'quorum');
  t.false(seated.some(({ evaluator }) => evaluator === keyOf(liar).publicKey));
  // Without audits the copy would have passed.
  const unaudited = revealed({ auditLargeNano: 0 });
  const copier = unaudited.nameOf(unaudited.seats[0]!);
  liveOn(unaudited.chain, { truthNano, habits: { [copier]: copies(TRUTH) } });
  t.true(reputation(unaudited.chain, copier) > 10_000_000);
});

test('a majority of liars on the seats cannot have a false optimum accepted', (t) => {
  const context = revealed({}, MEMBERS, -1 * NANO);
  const { chain, seats, nameOf } = context;
  const habits = Object.fromEntries(seats.map((seat) => [nameOf(seat), copies(-1 * NANO)]));
  const records = liveOn(chain, { truthNano: () => -400 * NANO, habits });
  t.deepEqual(all(records, 'OPTIMAE_ACCEPTED'), []);
  t.is(all(records, 'JUDGED').filter(({ outcome }) => outcome === 'false-vote').length, seats.length);
  t.is(chain.tip.state.require(DOMAIN, 'quadratic').champion, null);
  for (const seat of seats) t.is(reputation(chain, nameOf(seat)), 0);
});

test('who accuses an honest vote loses his bond, the accused nothing, and the jury is paid', (t) => {
  const { genesis, chain, optimum, seats } = revealed({ auditLargeNano: 0 });
  const outsider = MEMBERS.find(
    (name) => name !== 'ada' && !seats.some((seat) => seat.evaluator === keyOf(name).publicKey),
  )!;
  let accused = false;
  const records = liveOn(chain, {
    truthNano,
    also: ({ tip }) => {
      const seat = tip.state.require(OPTIMUM, optimum).reveal!.seats[0]!;
      if (accused || tip.state.require(OPTIMUM, optimum).reveal!.window === null) return [];
      accused = true;
      return [
        sign(genesis, outsider, spareNonce(chain), {
          type: 'challenge',
          optimum,
          seat: 0,
          bits: seatBits(seat.measurement!),
        }),
      ];
    },
  });
  const [judged] = all(records, 'JUDGED');
  t.is(judged?.outcome, 'true-vote');
  t.true(reputation(chain, outsider) < 10_000_000 - challenge.bondMicro + 10);
  t.true(reputation(chain, chain.names.get(seats[0]!.evaluator)!) > 10_390_000);
  const [summons] = all(records, 'CHALLENGED');
  t.false(summons!.jurors.some((juror) => [outsider, 'ada'].some((party) => keyOf(party).publicKey === juror)));
  for (const juror of summons!.jurors) t.true(reputation(chain, chain.names.get(juror)!) > 10_390_000);
  t.is(all(records, 'OPTIMAE_ACCEPTED').length, 1);
});

test('a certificate needs the trace of the work: nobody certifies by copying what was published', (t) => {
  const { chain, seats } = revealed();
  const copied: Habit = ({ kind, judged }, honest) => {
    if (kind !== 'audit' || honest.type !== 'vote') return honest;
    const { performanceNano, standardErrorNano, dataHash, traceDigest } = judged;
    return { ...honest, measurement: { performanceNano, standardErrorNano, dataHash, traceDigest } as SeatMeasurement };
  };
  const habits = Object.fromEntries(MEMBERS.map((name) => [name, copied]));
  const records = liveOn(chain, { truthNano, habits });
  const audits = all(records, 'TASK_COMPLETED').filter(({ seat }) => seat.duty === 'audit');
  t.true(audits.length === seats.length && audits.every(({ seat }) => seat.status === 'missed'));
});

test('copying never pays: what a sampled seat costs is more than what the others earn, for everybody who may vote', (t) => {
  for (const { challenge: chances, reputation: rates } of [DEFAULT_PARAMETERS, LOCAL_PARAMETERS]) {
    const caught = chances.auditSmallNano / NANO;
    t.true((1 - caught) * rates.agreedMicro < caught * rates.minimumMicro, 'in reputation');
    // Votes before one is sampled, against the shadow seats it takes to be where one was before.
    t.true((1 - caught) / caught < rates.minimumMicro / rates.agreedMicro, 'in work');
  }
});

test('an auditor to whom the liar told his made-up trace pays for the certificate when a jury looks', (t) => {
  const { genesis, chain, optimum, seats, nameOf } = revealed();
  const liar = nameOf(seats[0]!);
  const lazy: Habit = ({ kind, seat, judged }, honest) =>
    kind === 'audit' && honest.type === 'challenge' && judged.dataHash !== null
      ? {
          type: 'vote',
          optimum,
          seat: seat.index,
          dataSeed: seat.dataSeed,
          measurement: {
            performanceNano: judged.performanceNano,
            standardErrorNano: judged.standardErrorNano,
            dataHash: judged.dataHash,
            traceDigest: evaluationOf(judged.dataSeed, TRUTH + 1).traceHash,
          } as SeatMeasurement,
        }
      : honest;
  let accused = false;
  const habits = Object.fromEntries(MEMBERS.map((name) => [name, name === liar ? copies(TRUTH) : lazy]));
  const records = liveOn(chain, {
    truthNano,
    habits,
    also: ({ tip }) => {
      const { seats: now } = tip.state.require(OPTIMUM, optimum).reveal!;
      const certified = now.find((seat) => seat.audits === 0 && seat.status === 1);
      if (accused || certified === undefined) return [];
      accused = true;
      const challenger = MEMBERS.find((name) => ![liar, 'ada', chain.names.get(certified.evaluator)].includes(name))!;
      return [
        sign(genesis, challenger, spareNonce(chain), {
          type: 'challenge',
          optimum,
          seat: 0,
          bits: seatBits(now[0]!.measurement!),
        }),
      ];
    },
  });
  t.is(all(records, 'JUDGED')[0]?.outcome, 'false-vote');
  const certified = all(records, 'TASK_COMPLETED').find(({ seat }) => seat.audits === 0)!;
  // Minus 3 for the false certificate, plus at most 1.6 for a seat, two other audits and the jury.
  t.true(reputation(chain, chain.names.get(certified.seat.evaluator)!) < 8_700_000);
});

test('a jury that does not answer decides nothing: the bond goes back and the optimum is settled in bounded time', (t) => {
  const { chain, seats, nameOf } = revealed();
  const liar = nameOf(seats[0]!);
  const silent: Habit = ({ kind }, honest) => (kind === 'jury' ? null : honest);
  const habits = { ...Object.fromEntries(MEMBERS.map((name) => [name, silent])), [liar]: copies(TRUTH) };
  const start = chain.tip.state.require(GLOBALS).height;
  const records = liveOn(chain, { truthNano, habits });
  const [judged] = all(records, 'JUDGED');
  t.is(judged?.outcome, 'undecided');
  t.true(reputation(chain, chain.names.get(judged!.challenger)!) >= 9_999_000);
  t.is(all(records, 'OPTIMAE_ACCEPTED').length, 1);
  t.true(chain.tip.state.require(GLOBALS).height - start < 2 * LOCAL_PARAMETERS.seatDeadlineBlocks);
});

test('challenges outside the window, of other bits, of oneself, twice or without reputation are refused', (t) => {
  const { genesis, chain, optimum, seats, nameOf } = revealed({ auditLargeNano: 0 });
  const bitsOf = () => seatBits(chain.tip.state.require(OPTIMUM, optimum).reveal!.seats[0]!.measurement!);
  const accuse = (name: string, bits: string) =>
    sign(genesis, name, spareNonce(chain), { type: 'challenge', optimum, seat: 0, bits });
  const [first, second] = MEMBERS.filter((name) => name !== 'ada' && name !== nameOf(seats[0]!)) as [string, string];
  t.throws(() => chain.add([accuse(first, 'ab'.repeat(32))]), { message: /no-window/ });
  liveOn(chain, { truthNano }, 1);
  t.throws(() => chain.add([accuse(first, 'ab'.repeat(32))]), { message: /another-vote/ });
  t.throws(() => chain.add([accuse(nameOf(seats[0]!), bitsOf())]), { message: /own-seat/ });
  t.throws(() => chain.add([accuse('stranger', bitsOf())]), { message: /too-little-reputation/ });
  const early = sign(genesis, second, spareNonce(chain), {
    type: 'jury-vote',
    optimum,
    seat: 0,
    dataSeed: seats[0]!.dataSeed,
    bits: null,
  });
  t.throws(() => chain.add([early]), { message: /unknown-dispute/ });
  chain.add([accuse(first, bitsOf())]);
  t.throws(() => chain.add([accuse(second, bitsOf())]), { message: /already-challenged/ });
  const stranger = sign(genesis, 'ada', spareNonce(chain), {
    type: 'jury-vote',
    optimum,
    seat: 0,
    dataSeed: seats[0]!.dataSeed,
    bits: null,
  });
  t.throws(() => chain.add([stranger]), { message: /not-a-juror/ });
});

test('a banned liar is drawn for nothing and commits nothing until his ban is over', (t) => {
  const { genesis, chain, seats, nameOf } = revealed({ banBlocks: 30 });
  const liar = nameOf(seats[0]!);
  liveOn(chain, { truthNano, habits: { [liar]: copies(TRUTH) } });
  const commit = (nonce: number) => sign(genesis, liar, nonce, makeReveal(genesis, liar, [9, 9], -1 * NANO).commit);
  t.throws(() => chain.add([commit(spareNonce(chain))]), { message: /banned|no cause/ });
  const other = makeReveal(genesis, 'ada', [5, 5], -1 * NANO).commit;
  for (
    let nonce = 10;
    chain.tip.state.require(GLOBALS).height < chain.tip.state.require(BANNED, keyOf(liar).publicKey);
    nonce += 1
  ) {
    chain.add([
      sign(
        genesis,
        'ada',
        30_000 + nonce,
        nonce === 10 ? other : { type: 'register-evaluator', stamp: 0, domains: nonce % 2 === 0 ? ['quadratic'] : [] },
      ),
    ]);
  }
  t.notThrows(() => chain.add([commit(spareNonce(chain))]));
});

test('honest members never lose reputation to the window, whoever lies beside them', (t) => {
  const moods = fc.array(fc.nat(5), { minLength: MEMBERS.length, maxLength: MEMBERS.length });
  fc.assert(
    fc.property(moods, fc.nat(1_000), (mood, salt) => {
      const genesis = makeGenesis(MEMBERS, { chainId: `honest-${salt}`, parameters: { challenge } });
      const chain = new TestChain(genesis, MEMBERS);
      const { commit, reveal } = makeReveal(genesis, 'ada', [1, salt], TRUTH);
      chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
      chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
      // At most three of nine lie: on seats, as auditors (accusing), and as jurors (other bits).
      const liars = MEMBERS.filter((name, index) => name !== 'ada' && mood[index] === 0).slice(0, 2);
      const lies: Habit = ({ kind, optimum: { optimum }, seat, judged }, honest) => {
        if (kind === 'audit' && judged.traceDigest !== null && honest.type === 'vote') {
          const bits = seatBits(judged as unknown as Parameters<typeof seatBits>[0]);
          return { type: 'challenge', optimum, seat: judged.index, bits };
        }
        if (kind === 'jury') {
          return { type: 'jury-vote', optimum, seat: seat.index, dataSeed: seat.dataSeed, bits: 'cd'.repeat(32) };
        }
        return copies(TRUTH)({ kind, seat } as Parameters<Habit>[0], honest);
      };
      const habits = Object.fromEntries(liars.map((name) => [name, lies]));
      const records = liveOn(chain, { truthNano, habits });
      for (const { evaluator, outcome } of all(records, 'JUDGED')) {
        if (outcome === 'false-vote') t.true(liars.includes(chain.names.get(evaluator)!));
      }
      for (const name of MEMBERS) {
        if (!liars.includes(name)) t.true(reputation(chain, name) >= 9_999_000, `${name} of liars ${liars.join()}`);
      }
    }),
    { numRuns: 25, seed: 5 },
  );
});

test('a jury decides by more than half of the drawn answering and more than half of those agreeing', (t) => {
  const ballots = (...bits: (string | null)[]) => bits.map((value) => ({ bits: value }));
  t.deepEqual(decideJury(3, ballots('a', 'a')), { kind: 'decided', bits: 'a' });
  t.deepEqual(decideJury(3, ballots('a', 'b')), { kind: 'undecided' });
  t.deepEqual(decideJury(3, ballots('a')), { kind: 'undecided' });
  t.deepEqual(decideJury(3, ballots('a', null, null)), { kind: 'undecided' });
  t.deepEqual(decideJury(1, ballots('a')), { kind: 'decided', bits: 'a' });
  t.deepEqual(decideJury(21, ballots(...Array<string>(6).fill('a'), ...Array<string>(5).fill('b'))), {
    kind: 'decided',
    bits: 'a',
  });
  t.deepEqual(decideJury(21, ballots(...Array<string>(10).fill('a'))), { kind: 'undecided' });
  t.deepEqual(decideJury(0, []), { kind: 'undecided' });
});

test('seats are sampled with the stated chance', (t) => {
  const hit = (chance: number) =>
    Array.from({ length: 2_000 }, (_, index) =>
      isSampled('ab'.repeat(32), index.toString(16).padStart(64, '0'), 1, chance),
    ).filter(Boolean).length;
  t.is(hit(0), 0);
  t.is(hit(NANO), 2_000);
  t.true(Math.abs(hit(NANO / 10) - 200) < 55);
});

test('in a statistical domain nobody is accused over bits, and an auditor certifies by numbers of his own within the tolerance', (t) => {
  const domain = { verification: 'statistical', weightNano: NANO / 2 } as const;
  const genesis = makeGenesis(MEMBERS, { parameters: { challenge }, domain });
  const chain = new TestChain(genesis, MEMBERS);
  const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1, 2], TRUTH);
  chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
  chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const seatsNow = () => chain.tip.state.require(OPTIMUM, optimum).reveal!.seats;
  // Everybody measures a little else; one audit is far off, which proves nothing.
  const habit: Habit = ({ kind, seat }, honest) => {
    if (honest.type !== 'vote') return honest;
    const shift = kind === 'audit' ? (seat.audits === 0 ? -90 * NANO : 7) : seat.index;
    return { ...honest, measurement: measuredAs(seat, TRUTH + shift) };
  };
  let accused = 0;
  const records = liveOn(chain, {
    truthNano,
    habits: Object.fromEntries(MEMBERS.map((name) => [name, habit])),
    also: () => {
      const { evaluator, measurement } = seatsNow()[1]!;
      const challenger = MEMBERS.find((name) => name !== 'ada' && keyOf(name).publicKey !== evaluator)!;
      if (measurement === null || accused > 0) return [];
      const body = { type: 'challenge', optimum, seat: 1, bits: seatBits(measurement) } as const;
      t.throws(() => chain.fork().add([sign(genesis, challenger, spareNonce(chain) + 1_000, body)]), {
        message: /statistical-domain/,
      });
      accused += 1;
      return [];
    },
  });
  t.true(accused > 0);
  const statuses = all(records, 'TASK_COMPLETED').flatMap(({ seat }) => (seat.duty === 'audit' ? [seat] : []));
  t.deepEqual(new Map(statuses.map(({ audits, status }) => [audits, status])).get(0), 'failed');
  t.true(statuses.filter(({ status }) => status === 'voted').length === statuses.length - 1 && statuses.length > 1);
  t.is(all(records, 'OPTIMAE_ACCEPTED').length, 1);
  for (const name of MEMBERS) t.true(reputation(chain, name) >= 9_999_000, name);
});

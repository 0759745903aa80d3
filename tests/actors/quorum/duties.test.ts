import test from 'ava';
import { seatBits } from '../../../actors/quorum/audit-rules.js';
import { answerOf, type Duty } from '../../../actors/quorum/duties.js';
import { traceDigestOf } from '../../../actors/quorum/rules.js';

const digest = (byte: string) => byte.repeat(64);
const [anna, ben] = [digest('a'), digest('b')];
const published = {
  performanceNano: 900_000_000,
  standardErrorNano: 10_000_000,
  dataHash: digest('d'),
  traceDigest: traceDigestOf(anna, digest('7')),
};
const tolerance = { standardErrors: 6, floorNano: 1_000_000, noiseNano: 20_000_000 };

function dutyOf(kind: Duty['kind']): Duty {
  const seat = { index: 4, dataSeed: digest('5'), evaluator: ben, status: 'open' };
  const judged = { ...published, index: 1, dataSeed: digest('5'), evaluator: anna, status: 'voted' };
  return { key: kind, kind, optimum: { optimum: digest('0') }, seat, judged } as unknown as Duty;
}

function measured(performance: number) {
  return { performance, standardError: 0.012, samples: 100, dataHash: digest('e'), traceHash: digest('8') };
}

test('where bits must be equal, an auditor who finds others accuses', (t) => {
  t.is(answerOf(dutyOf('audit'), ben, measured(0.91), null).type, 'challenge');
});

test('in a statistical domain an auditor certifies what lies within the tolerance, as it was published', (t) => {
  const answer = answerOf(dutyOf('audit'), ben, measured(0.95), tolerance);
  t.true(answer.type === 'vote' && answer.measurement !== null);
  const { performanceNano, standardErrorNano, dataHash } = published;
  const traceDigest = traceDigestOf(ben, digest('8'));
  t.like(answer, { seat: 4, measurement: { performanceNano, standardErrorNano, dataHash, traceDigest } });
});

test('and leaves uncertified what lies outside, or what cannot be measured, without accusing anybody', (t) => {
  for (const found of [measured(0.97), measured(0.83), null]) {
    t.like(answerOf(dutyOf('audit'), ben, found, tolerance), { type: 'vote', seat: 4, measurement: null });
  }
});

test('jurors there find the published bits or none: nobody is banned over bits', (t) => {
  t.like(answerOf(dutyOf('jury'), ben, measured(0.95), tolerance), { type: 'jury-vote', bits: seatBits(published) });
  t.like(answerOf(dutyOf('jury'), ben, measured(0.97), tolerance), { type: 'jury-vote', bits: null });
});

test('votes there are votes as everywhere', (t) => {
  const answer = answerOf(dutyOf('vote'), ben, measured(0.95), tolerance);
  t.true(answer.type === 'vote' && answer.measurement?.performanceNano === 950_000_000);
});

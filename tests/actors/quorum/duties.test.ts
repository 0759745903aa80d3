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

function dutyOf(kind: Duty['kind'], verification = 'exact'): Duty {
  const seat = { index: 4, dataSeed: digest('5'), evaluator: ben, status: 'open' };
  const judged = { ...published, index: 1, dataSeed: digest('5'), evaluator: anna, status: 'voted' };
  return { key: kind, kind, optimum: { optimum: digest('0'), verification }, seat, judged } as unknown as Duty;
}

function measured(performance: number) {
  return { performance, standardError: 0.012, samples: 100, dataHash: digest('e'), traceHash: digest('8') };
}

test('an auditor certifies equal bits with the trace itself, and accuses who published others', (t) => {
  const same = { performance: 0.9, standardError: 0.01, samples: 100, dataHash: digest('d'), traceHash: digest('7') };
  t.like(answerOf(dutyOf('audit'), ben, same), { type: 'vote', seat: 4, measurement: { traceDigest: digest('7') } });
  t.like(answerOf(dutyOf('audit'), ben, measured(0.91)), { type: 'challenge', seat: 1, bits: seatBits(published) });
  t.like(answerOf(dutyOf('audit'), ben, { ...same, traceHash: digest('6') }), { type: 'challenge' });
  t.like(answerOf(dutyOf('audit'), ben, null), { type: 'vote', measurement: null });
});

test('in a statistical domain he states what he measured and accuses nobody', (t) => {
  for (const found of [measured(0.95), measured(0.1)]) {
    const performanceNano = Math.round(found.performance * 1e9);
    const measurement = { performanceNano, traceDigest: traceDigestOf(ben, digest('8')) };
    t.like(answerOf(dutyOf('audit', 'statistical'), ben, found), { type: 'vote', seat: 4, measurement });
  }
});

test('a juror says what the accused should have published', (t) => {
  const { dataHash, traceHash } = measured(0.91);
  const traceDigest = traceDigestOf(anna, traceHash);
  const bits = seatBits({ performanceNano: 910_000_000, standardErrorNano: 12_000_000, dataHash, traceDigest });
  t.like(answerOf(dutyOf('jury'), ben, measured(0.91)), { type: 'jury-vote', bits });
});

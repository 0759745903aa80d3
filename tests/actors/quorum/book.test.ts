import test from 'ava';
import type { ChainRecord, Seat } from '../../../actors/chain/types.js';
import { QuorumBook } from '../../../actors/quorum/book.js';

const optimum = 'aa'.repeat(32);
const base = { optimum, domain: 'digits', optimizer: 'o' };
const seat = (status: Seat['status']): Seat => ({
  index: 0,
  duty: 'quorum',
  audits: null,
  evaluator: 'liar',
  dataSeed: '00',
  deadlineHeight: 9,
  status,
  performanceNano: status === 'open' ? null : 7,
  standardErrorNano: null,
  dataHash: null,
  traceDigest: null,
});

/** The book after these records, one a block. */
function bookOf(...records: readonly object[]): QuorumBook {
  const book = new QuorumBook();
  for (const [index, record] of records.entries()) {
    book.apply({ height: index + 1, timestampMs: 1000 * (index + 1), records: [record as ChainRecord] });
  }
  return book;
}

const committed = { type: 'COMMITTED', ...base };
const revealed = { type: 'REVEALED', ...base, reportedNano: 9 };
const provisional = { type: 'PROVISIONAL', ...base, verifiedNano: 8, settlesAtHeight: 12 };
const challenged = {
  type: 'CHALLENGED',
  optimum,
  domain: 'digits',
  seat: 0,
  evaluator: 'liar',
  challenger: 'c',
  jurors: ['j', 'k'],
};
const judged = { ...challenged, type: 'JUDGED', outcome: 'false-vote' };
const taken = { type: 'TASK_CREATED', optimum, domain: 'digits', seat: seat('open') };
const voted = { type: 'TASK_COMPLETED', optimum, domain: 'digits', seat: seat('voted') };

test('an optimum passes its stations one after the other, each with its block', (t) => {
  const before = bookOf(committed).newest(1)[0]!;
  t.like(before, { verdict: 'committed', reportedNano: null });
  const open = bookOf(committed, revealed, taken).newest(1)[0]!;
  t.like(open, { verdict: 'open', reportedNano: 9, stations: { committed: { height: 1 }, revealed: { height: 2 } } });
  const waiting = bookOf(committed, revealed, taken, voted, provisional).newest(1)[0]!;
  t.like(waiting, { verdict: 'provisional', verifiedNano: 8, settlesAtHeight: 12 });
  t.is(waiting.stations.provisional?.height, 5);
  const accepted = { type: 'OPTIMAE_ACCEPTED', ...base, verifiedNano: 8 };
  const settled = bookOf(committed, revealed, taken, voted, provisional, accepted).newest(1)[0]!;
  t.like(settled, { verdict: 'accepted', stations: { settled: { height: 6, timestampMs: 6000 } } });
});

test('a vote that a jury finds false is struck, and the verdict is open again', (t) => {
  const [view] = bookOf(committed, revealed, taken, voted, provisional, challenged, judged).newest(1);
  t.is(view?.verdict, 'open');
  t.is(view?.seats[0]?.status, 'struck');
  t.is(view?.challenges.length, 1);
  t.like(view?.challenges[0], { jurors: 2, outcome: 'false-vote', raised: { height: 6 }, judged: { height: 7 } });
});

test('a rejected one says why, a commitment without reveal expires', (t) => {
  const rejected = { type: 'OPTIMAE_REJECTED', ...base, verifiedNano: null, reason: 'overstated' };
  t.like(bookOf(committed, revealed, rejected).newest(1)[0], { verdict: 'rejected', reason: 'overstated' });
  t.is(bookOf(committed, { type: 'COMMIT_EXPIRED', ...base }).newest(1)[0]?.verdict, 'expired');
});

test('a block that is in it already changes nothing', (t) => {
  const book = bookOf(committed, revealed);
  book.apply({ height: 2, timestampMs: 1, records: [provisional as unknown as ChainRecord] });
  t.is(book.newest(1)[0]?.verdict, 'open');
});

import test from 'ava';
import type { ChainRecord } from '../../../actors/chain/types.js';
import { IncidentLog } from '../../../actors/reputation/incidents.js';

const judged = (outcome: string) => ({
  type: 'JUDGED',
  optimum: 'o',
  domain: 'digits',
  seat: 2,
  evaluator: 'e',
  challenger: 'c',
  outcome,
});

function logOf(...records: readonly object[]): IncidentLog {
  const log = new IncidentLog();
  for (const [index, record] of records.entries()) {
    log.apply({ height: index + 1, timestampMs: index, records: [record as ChainRecord] });
  }
  return log;
}

test('a liar, a false challenger and a double signer are named, newest first', (t) => {
  const offence = { type: 'OFFENCE', node: 'd', offence: 'two-blocks', reporter: 'r' };
  const log = logOf(judged('false-vote'), judged('true-vote'), judged('undecided'), offence);
  t.deepEqual(
    log.newest(10).map(({ kind, node, reportedBy, height }) => [kind, node, reportedBy, height]),
    [
      ['two-blocks', 'd', 'r', 4],
      ['false-challenge', 'c', null, 2],
      ['false-vote', 'e', 'c', 1],
    ],
  );
});

test('a refused optimum is one, with those who voted otherwise', (t) => {
  const votes = [
    { evaluator: 'x', duty: 'quorum', outcome: 'divergent' },
    { evaluator: 'y', duty: 'quorum', outcome: 'agreed' },
  ];
  const rejected = { type: 'OPTIMAE_REJECTED', optimum: 'o', domain: 'd', optimizer: 'p', reason: 'overstated', votes };
  t.deepEqual(
    logOf(rejected)
      .newest(10)
      .map(({ kind, node, reason }) => [kind, node, reason]),
    [
      ['divergent-vote', 'x', null],
      ['rejected', 'p', 'overstated'],
    ],
  );
});

test('what a branch switch takes back did not happen', (t) => {
  const log = logOf(judged('false-vote'), judged('true-vote'));
  log.revertTo(1);
  t.deepEqual(
    log.newest(10).map(({ kind }) => kind),
    ['false-vote'],
  );
});

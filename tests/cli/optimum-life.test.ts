import test from 'ava';
import type { ChainRecord, Seat } from '../../actors/chain/types.js';
import { type BlockJson, OptimumLife } from '../../runtime/cli/optimum-life.js';
import { type TraceJson, traceJson } from '../../runtime/trace/format.js';
import { OPTIMUM, OTHER, sampleRecord } from '../runtime/trace/samples.js';

const NODE = 'ee'.repeat(32);
const who = { optimum: OPTIMUM, domain: 'digits', optimizer: NODE };
const experiment = {
  experimentId: 'e1',
  roundNumber: 1,
  timeToThisResultMs: 1,
  optimizationConfigHash: OTHER,
  dataHash: OTHER,
};
const seat: Seat = {
  index: 0,
  evaluator: NODE,
  dataSeed: OTHER,
  deadlineHeight: 9,
  status: 'open',
  performanceNano: null,
  standardErrorNano: null,
  duty: 'quorum',
  audits: null,
  dataHash: null,
  traceDigest: null,
};
const claim = { genome: [1], blob: null, reportedNano: 960_000_000, previousBestNano: 900_000_000, experiment };
const committed: ChainRecord = { type: 'COMMITTED', ...who, expiresAtMs: 9 };
const revealed: ChainRecord = { type: 'REVEALED', ...who, ...claim };
const created: ChainRecord = { type: 'TASK_CREATED', optimum: OPTIMUM, domain: 'digits', seat };
const voted: ChainRecord = {
  type: 'TASK_COMPLETED',
  optimum: OPTIMUM,
  domain: 'digits',
  seat: { ...seat, status: 'voted', performanceNano: 950_000_000, standardErrorNano: 1 },
};
const accepted: ChainRecord = {
  type: 'OPTIMAE_ACCEPTED',
  ...who,
  ...claim,
  verifiedNano: 950_000_000,
  rawIncrementNano: 1,
  effectiveIncrementNano: 1,
  rewardFractionNano: 1,
  seats: 1,
  agreeing: 1,
  votes: [],
};

const block = (index: number, records: readonly ChainRecord[], proof = false): BlockJson => ({
  hash: index.toString(16).padStart(64, '0'),
  header: { index, timestamp: new Date(1_700_000_000_000 + index * 1000).toISOString() },
  proof_block: proof,
  records,
});

test('the chain alone tells the whole life, each step once', (t) => {
  const life = new OptimumLife(OPTIMUM);
  const foreign: ChainRecord = { ...committed, optimum: OTHER };
  const blocks = [block(1, [foreign, committed]), block(2, [revealed, created]), block(3, [voted, accepted], true)];
  for (const one of [...blocks, ...blocks]) life.takeBlock(one);
  t.deepEqual(
    life.steps.map(({ step, height, at }) => [step, height, (at - 1_700_000_000_000) / 1000]),
    [
      ['committed', 1, 1],
      ['revealed', 2, 2],
      ['seat', 2, 2],
      ['vote', 3, 3],
      ['accepted', 3, 3],
      ['proof-block', 3, 3],
    ],
  );
  t.regex(life.verdict!.text, /^ACCEPTED: verified 0\.9500, 1 of 1 votes agree$/);
  t.regex(life.steps[1]!.text, /claims 0\.9600 \(best was 0\.9000\)/);
});

test('no verdict is known before the chain has one, and every kind of end is one', (t) => {
  const life = new OptimumLife(OPTIMUM);
  life.takeBlock(block(1, [committed]));
  t.is(life.verdict, null);
  life.takeBlock(block(2, [{ type: 'COMMIT_EXPIRED', ...who }]));
  t.is(life.verdict?.step, 'expired');
  const rejected = new OptimumLife(OPTIMUM);
  const reason = 'quorum-disagrees' as const;
  rejected.takeBlock(
    block(1, [{ type: 'OPTIMAE_REJECTED', ...who, reason, reportedNano: 1, verifiedNano: null, votes: [] }]),
  );
  t.regex(rejected.verdict!.text, /quorum-disagrees/);
});

let count = 0;
function message(from: string, actor: string, kind: string, more: Partial<Parameters<typeof sampleRecord>[0]> = {}) {
  count += 1;
  const named = { from, actor, kind, id: count, optima: [OPTIMUM], traceId: OPTIMUM.slice(0, 16), handleMs: 250 };
  return traceJson(sampleRecord({ ...named, ...more })) satisfies TraceJson;
}

test('the messages of the node that found it add its own work, in order, with what each took', (t) => {
  const life = new OptimumLife(OPTIMUM);
  const run = () => message('optimizer', 'task-queue', 'run');
  const messages = [
    message('optimizer', 'task-queue', 'run', { optima: [] }),
    message('optimizer', 'chain', 'submit'),
    message('chain', 'gossip', 'chain.transactionAccepted'),
    run(),
    message('optimizer', 'chain', 'submit'),
    run(),
    message('quorum', 'evaluator', 'measure'),
    message('quorum', 'chain', 'submit'),
    message('quorum', 'chain', 'submit', { optima: [OTHER], traceId: OTHER.slice(0, 16) }),
  ];
  for (const one of messages) life.takeMessage(one);
  t.deepEqual(
    life.steps.map(({ step, duration_ms }) => `${step} ${duration_ms}`),
    ['training', 'commit-sent', 'confirmation-run', 'reveal-sent', 'measurement', 'vote-sent'].map(
      (step) => `${step} 250`,
    ),
  );
});

test('a tail that comes after the commitment takes the next run for the confirmation, and its failure is said', (t) => {
  const life = new OptimumLife(OPTIMUM);
  life.takeBlock(block(1, [committed]));
  const step = life.takeMessage(message('optimizer', 'task-queue', 'run', { outcome: 'task-timeout' }));
  t.like(step, { step: 'confirmation-run', text: 'confirmation run with the seed of its block: task-timeout' });
});

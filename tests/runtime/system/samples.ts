/**
 * One sample of every message of every role, with values that are hard to carry: absent options, nulls, negative and
 * large numbers, bigints, bytes, empty lists. A message without a sample does not compile.
 */
import { chain } from '../../../actors/chain/messages.js';
import type { Block, ChainRecord, ExperimentClaim, Seat, Transaction } from '../../../actors/chain/types.js';
import { evaluator } from '../../../actors/evaluator/messages.js';
import { gossip } from '../../../actors/gossip/messages.js';
import { type Experiment, optimizer, type Round } from '../../../actors/optimizer/messages.js';
import { quorum } from '../../../actors/quorum/messages.js';
import { reputation } from '../../../actors/reputation/messages.js';
import { taskQueue } from '../../../actors/task-queue/messages.js';
import { type Trial, tracker } from '../../../actors/tracker/messages.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import type { AnyProtocol } from '../../../runtime/system/actor.js';
import type { PayloadOf, ReplyOf, RequestOf } from '../../../runtime/system/protocol.js';

/** What crosses to the actor, and for asks what comes back. */
export type Samples<P extends AnyProtocol> = {
  readonly [K in keyof P]: P[K]['type'] extends 'ask'
    ? { readonly request: RequestOf<P[K]>; readonly reply: ReplyOf<P[K]> }
    : { readonly payload: PayloadOf<P[K]> };
};

const hash = '0123456789abcdef'.repeat(4);
const node = 'fe'.repeat(32);
const bytes = new Uint8Array([0, 1, 127, 128, 255]);
const blob = { hash, sizeBytes: 5_000_000_000 };
const genome = [0, -1, 2 ** 31, -(2 ** 40), Number.MAX_SAFE_INTEGER];
const seat: Seat = {
  index: 0,
  evaluator: node,
  dataSeed: hash,
  deadlineHeight: 70_000,
  status: 'open',
  performanceNano: null,
  standardErrorNano: null,
  duty: 'quorum',
  audits: null,
  dataHash: null,
  traceDigest: null,
};
const experiment: ExperimentClaim = {
  experimentId: 'grüße-実験',
  roundNumber: 1,
  timeToThisResultMs: 12.5,
  optimizationConfigHash: hash,
  dataHash: hash,
};
const spec = quadraticSpec(2);
const transaction: Transaction = {
  sender: node,
  nonce: 3,
  fee: { maxUnits: 250_000, tipUnits: 10_000 },
  body: { type: 'vote', optimum: hash, seat: 2, dataSeed: 'ab'.repeat(32), measurement: null },
  signature: hash + hash,
};
const records: readonly ChainRecord[] = [
  { type: 'TASK_CREATED', optimum: hash, domain: 'digits', seat },
  { type: 'REPUTATION', node, beforeMicro: -5, afterMicro: 2_000_000 },
  {
    type: 'COINBASE',
    workNano: 1,
    thresholdNano: 2,
    subsidyUnits: 3,
    payments: [{ to: node, amountUnits: 4, share: 'evaluator' }],
  },
];
const block: Block = {
  header: {
    version: 1,
    chainId: 'solo',
    height: 7,
    parent: hash,
    timestampMs: 1_700_000_000_000,
    slot: 1_700_000_000,
    rank: 0,
    proposer: node,
    transactionsRoot: hash,
    stateRoot: hash,
    vrfProof: '00'.repeat(80),
    signature: hash + hash,
  },
  transactions: [transaction],
};
const tip = {
  chainId: 'solo',
  genesisHash: hash,
  height: 7,
  hash,
  justifiedHeight: 4,
  totalWorkNano: 2n ** 70n + 1n,
  accepted: 2,
};
const member = { nodeId: node, reputationMicro: 2_000_000, balanceUnits: 2 ** 45, evaluates: [] };
const verdict = { action: 'reject', code: 'unknown-parent', missing: [hash] } as const;
const applied = {
  height: 7,
  hash,
  parent: hash,
  timestampMs: 1_700_000_000_000,
  proposer: node,
  isProofBlock: true,
  transactions: 1,
  records,
};
const measurement = { performance: -0.5, standardError: 0, samples: 1000 };
const round: Round = {
  experimentId: 'e',
  domainId: 'digits',
  roundNumber: 1,
  startedAtMs: 1,
  finishedAtMs: 2.5,
  optimizer: 'cma-es',
  genome,
  parameters: { rate: 1e-9, activation: 'relu' },
  performance: Number.MIN_VALUE,
  standardError: 0,
  bestPerformance: -1e300,
  bestParameters: {},
  isImprovement: false,
  epochs: 0,
  generation: 1,
  populationSize: 2,
  noImproveGenerations: 3,
  chainHeight: 4,
  peers: 5,
  migrant: true,
};
const experimentStarted: Experiment = {
  experimentId: 'e',
  domainId: 'digits',
  metric: 'accuracy',
  direction: 'maximize',
  optimizer: 'auto',
  optimizationConfig: { nested: { list: [1, 'two', null, true] } },
  parameterBounds: { rate: [0, 1], activation: ['relu', 'tanh'] },
  targetPerformance: null,
  startedAtMs: 1,
};
const found = { domainId: 'digits', optimum: hash, performance: 0.25 };
const progress = { epoch: 1, maxEpochs: 2, loss: 0.5, validationLoss: 0.75 };

const chainSamples: Samples<typeof chain> = {
  getSnapshots: {
    request: {},
    reply: { snapshots: [{ height: 1_000, hash, header: bytes, chunkSizes: [500_000, 3] }] },
  },
  getSnapshotChunk: { request: { block: hash, index: 1 }, reply: { chunk: new Uint8Array(100_000).fill(7) } },
  getJoinPoints: { request: {}, reply: { points: [{ height: 1_000, hash, ledger: 'git repository' }] } },
  beginSnapshot: { request: { header: bytes, chunks: 2 }, reply: verdict },
  receiveSnapshotChunk: { request: { block: hash, index: 0, bytes }, reply: { action: 'accept', code: 'adopted' } },
  submit: {
    request: {
      body: { type: 'reveal', optimum: hash, genome, salt: hash, blob: null, reportedNano: -1, experiment },
    },
    reply: { transactionId: hash, nonce: 1 },
  },
  receiveTransaction: { request: { bytes, from: 'peer' }, reply: { action: 'ignore', code: 'already-known' } },
  receiveAnnouncement: { request: { bytes: new Uint8Array(0), from: '' }, reply: verdict },
  receiveBlocks: { request: { blocks: [bytes, new Uint8Array(9)], from: 'peer' }, reply: { verdicts: [verdict] } },
  receiveBlock: { request: { bytes: new Uint8Array(100_000).fill(9), from: 'peer' }, reply: verdict },
  getTip: { request: {}, reply: { ...tip, bodiesFrom: 1 } },
  getStatus: {
    request: {},
    reply: {
      ...tip,
      finalized: { height: 0, hash },
      timestampMs: 1,
      slotMs: 1000,
      proofBlocks: 1,
      thresholdNano: 1,
      pendingWorkNano: 0,
      supplyUnits: 1,
      burnedUnits: 250_000_000,
      lockedUnits: 100_000_000,
      baseFeeUnits: 150_000,
      suggestedFee: { maxUnits: 310_000, tipUnits: 10_000 },
      stakeUnits: 500_000,
      stampBits: 12,
      optimae: { committed: 1, revealed: 2, accepted: 3, rejected: 4 },
      domains: [
        {
          domainId: 'digits',
          specHash: hash,
          metric: 'accuracy',
          direction: 'maximize',
          baselineNano: 0,
          bestNano: 900_000_000,
          champion: { optimum: hash, optimizer: node, genome, blob, height: 3 },
          accepted: 1,
        },
        {
          domainId: 'quadratic',
          specHash: hash,
          metric: 'loss',
          direction: 'minimize',
          baselineNano: -1,
          bestNano: -2,
          champion: null,
          accepted: 0,
        },
      ],
      mempool: 0,
      busy: false,
      self: member,
      refused: { 'bad-signature': 2 },
      reorgs: 0,
    },
  },
  findTransaction: { request: { id: hash }, reply: { waits: false, block: { height: 3, hash } } },
  getDomains: {
    request: {},
    reply: {
      domains: [{ spec, specHash: hash, dataHash: null, weightNano: 250_000_000, shareNano: 1, burnedUnits: 0 }],
      proposals: [
        {
          spec,
          specHash: hash,
          dataHash: hash,
          proposer: node,
          depositUnits: 1_000_000_000,
          expiresAtMs: 1,
          approvals: [node],
          yesMicro: 10_000_000n,
          totalMicro: 2n ** 60n,
        },
      ],
    },
  },
  getChannel: {
    request: { channel: hash },
    reply: {
      channel: { payer: node, to: node, domain: 'digits', depositUnits: 7, closing: { owedUnits: 3, untilHeight: 9 } },
    },
  },
  getAccount: {
    request: { node },
    reply: {
      nodeId: node,
      isKnown: true,
      balanceUnits: 12,
      pending: [{ transactionId: hash, type: 'transfer', nonce: 4, mostUnits: 5 }],
    },
  },
  getHistory: {
    request: { node, before: { height: 3, position: 1 }, limit: 20 },
    reply: {
      moves: [
        {
          account: node,
          cause: 'transfer',
          units: -7,
          balanceUnits: 5,
          counterparty: node,
          timestampMs: 9,
          block: hash,
          height: 2,
          position: 0,
        },
      ],
      historyFrom: 1,
    },
  },
  getMembers: { request: {}, reply: { members: [member] } },
  getOpenOptimae: {
    request: {},
    reply: {
      optimae: [
        {
          optimum: hash,
          domain: 'digits',
          optimizer: node,
          verification: 'exact',
          phase: 'revealed',
          trainingSeed: hash,
          genome,
          blob,
          reportedNano: 5,
          seats: [seat, { ...seat, index: 1, status: 'voted', performanceNano: -7, standardErrorNano: 0 }],
          provisionalNano: -7,
          disputes: [{ seat: 1, challenger: node, deadlineHeight: 9, awaited: [node] }],
        },
        {
          optimum: hash,
          domain: 'digits',
          optimizer: node,
          verification: 'exact',
          phase: 'committed',
          trainingSeed: hash,
          genome: null,
          blob: null,
          reportedNano: null,
          seats: [],
          provisionalNano: null,
          disputes: [],
        },
      ],
    },
  },
  getBlocks: { request: { hashes: [hash, hash] }, reply: { blocks: [bytes, null] } },
  getMissing: { request: { hashes: [hash] }, reply: { missing: [] } },
  pin: { request: { pinned: { height: 100, hash, ledger: 'file /a' } }, reply: {} },
  getLocator: { request: {}, reply: { hashes: [hash, hash] } },
  getHeadersAfter: { request: { locator: [], limit: 1 }, reply: { headers: [bytes] } },
  getTransactions: { request: { ids: [hash] }, reply: { transactions: [bytes] } },
  getApplied: { request: { fromHeight: 0, limit: 9 }, reply: { blocks: [applied] } },
  getBranches: {
    request: { heights: 9 },
    reply: {
      head: hash,
      justifiedHeight: 4,
      finalizedHeight: 2,
      blocks: [{ hash, parent: hash, height: 7, isProofBlock: true, isCanonical: false }],
    },
  },
  getBlockView: { request: { height: 7 }, reply: { view: { hash, block, records, isProofBlock: true } } },
  transactionAccepted: { payload: { id: hash, bytes, publish: true, transaction } },
  blockProduced: { payload: { hash, height: 7, announcement: bytes } },
  blockApplied: { payload: applied },
  blocksReverted: { payload: { hashes: [hash], height: 6 } },
};

const evaluatorSamples: Samples<typeof evaluator> = {
  measure: {
    request: { optimum: hash, seat: 1, domain: 'digits', genome, blob, dataSeed: hash },
    reply: { ...measurement, dataHash: hash, traceHash: hash },
  },
  answer: {
    request: {
      from: node,
      request: {
        domain: 'digits',
        input: '[0]',
        nonce: hash,
        payment: { channel: hash, amountUnits: 5, receipt: hash + hash },
      },
    },
    reply: { type: 'answered', optimum: hash, output: '{"digit":4}', signature: hash + hash },
  },
  payByChannel: {
    request: { channel: hash, addUnits: 1 },
    reply: { channel: hash, amountUnits: 6, receipt: hash + hash },
  },
  getOwed: { request: { channel: hash }, reply: { owedUnits: 6 } },
  getStatistics: { request: {}, reply: { measured: 1, failed: 0, secondsTotal: 0.1 } },
  measured: {
    payload: { optimum: hash, seat: 1, domain: 'digits', performance: 0.1, standardError: 0.01, seconds: 3 },
  },
};

const gossipSamples: Samples<typeof gossip> = {
  getPeers: {
    request: {},
    reply: {
      peers: [{ peerId: 'p', address: '/ip4/1.2.3.4', direction: 'inbound', latencyMs: null, height: 1, score: -1.5 }],
      listening: [],
      known: 3,
      traffic: { copies: 9, judged: 4 },
      refused: {},
    },
  },
  fetchBlob: { request: { blob, domain: 'digits' }, reply: { found: false } },
  askInference: {
    request: { peerId: 'peer', request: { domain: 'digits', input: 'null', nonce: hash, payment: null } },
    reply: { type: 'refused', code: 'payment-required', detail: 'an answer costs', priceUnits: 100_000 },
  },
  dial: { payload: { address: '/ip4/1.2.3.4/tcp/1' } },
  peerConnected: { payload: { peerId: 'p', address: 'a', direction: 'outbound' } },
  peerDisconnected: { payload: { peerId: 'p' } },
  syncProgress: { payload: { peerId: 'p', height: 1, targetHeight: 2 } },
  blobReceived: { payload: blob },
};

const optimizerSamples: Samples<typeof optimizer> = {
  getProgress: {
    request: {},
    reply: {
      domains: [
        {
          domainId: 'digits',
          rounds: 1,
          bestPerformance: null,
          benchmarkPerformance: 0.5,
          benchmarkBeside: { naive: 0.25 },
          running: 2,
          state: 'searching',
        },
      ],
    },
  },
  pause: { payload: {} },
  resume: { payload: {} },
  experimentStarted: { payload: experimentStarted },
  roundFinished: { payload: round },
  committed: { payload: found },
  revealed: { payload: found },
  championAdopted: { payload: found },
  benchmarked: { payload: { ...found, optimum: null, beside: { naive: 0.25 } } },
  converged: { payload: { domainId: 'digits', experimentId: 'e', reason: 'patience' } },
};

const quorumSamples: Samples<typeof quorum> = {
  getQuorums: {
    request: { limit: 1 },
    reply: {
      quorums: [
        {
          optimum: hash,
          domain: 'digits',
          optimizer: node,
          reportedNano: 1,
          verifiedNano: null,
          seats: [seat],
          challenges: [
            {
              seat: 0,
              evaluator: node,
              challenger: node,
              jurors: 3,
              outcome: 'false-vote',
              raised: { height: 3, timestampMs: 4 },
              judged: null,
            },
          ],
          verdict: 'accepted',
          reason: null,
          settlesAtHeight: 9,
          stations: { committed: null, revealed: { height: 1, timestampMs: 2 }, provisional: null, settled: null },
        },
      ],
    },
  },
  seatTaken: { payload: { optimum: hash, domain: 'digits', seat: 0 } },
  voteCast: { payload: { optimum: hash, domain: 'digits', seat: 0, performanceNano: -1, standardErrorNano: 0 } },
  seatFailed: { payload: { optimum: hash, domain: 'digits', seat: 0, code: 'bad-weights', reason: 'two\nlines' } },
};

const reputationSamples: Samples<typeof reputation> = {
  getReputation: { request: { nodeId: node }, reply: { view: null } },
  getTable: {
    request: { limit: 5 },
    reply: {
      table: [
        {
          nodeId: node,
          reputationMicro: 1,
          acceptedOptimae: 2,
          rejectedOptimae: 3,
          agreedVotes: 4,
          divergentVotes: 5,
          missedSeats: 6,
        },
      ],
    },
  },
  getIncidents: {
    request: { limit: 5 },
    reply: {
      incidents: [
        {
          kind: 'false-vote',
          node,
          reportedBy: node,
          optimum: hash,
          domain: 'digits',
          seat: 1,
          reason: null,
          height: 9,
          timestampMs: 10,
        },
      ],
    },
  },
  changed: { payload: { nodeId: node, beforeMicro: 1, afterMicro: 0, height: 9 } },
};

const taskQueueSamples: Samples<typeof taskQueue> = {
  run: {
    request: {
      taskId: 't',
      priority: 'vote',
      task: { kind: 'evaluate', domainId: 'digits', genome, weights: new Uint8Array(300_000).fill(3), dataSeed: bytes },
    },
    reply: { measurement, weights: bytes, epochs: 3, seconds: 0.25 },
  },
  cancel: { payload: { taskId: 't' } },
  getTasks: {
    request: {},
    reply: {
      tasks: [
        {
          taskId: 't',
          kind: 'train',
          domainId: 'digits',
          priority: 'search',
          status: 'running',
          queuedAtMs: 1,
          startedAtMs: null,
          progress,
          worker: 'lab-2',
        },
      ],
      workers: 2,
      completed: 3,
      failed: 0,
      remote: [{ name: 'lab-2', slots: 8, leases: 1, completed: 2 }],
    },
  },
  claim: {
    request: { leaseId: 'ab'.repeat(16), worker: 'lab-2', slots: 8, specHashes: [hash], waitMs: 10_000 },
    reply: {
      lease: {
        leaseId: 'ab'.repeat(16),
        expiresInMs: 30_000,
        specHash: hash,
        task: { kind: 'evaluate', domainId: 'digits', genome, weights: bytes, dataSeed: bytes },
      },
    },
  },
  renew: { request: { leaseId: 'ab'.repeat(16), progress }, reply: { isHeld: true } },
  complete: {
    request: {
      leaseId: 'ab'.repeat(16),
      outcome: { type: 'done', result: { measurement, weights: bytes, seconds: 1 } },
    },
    reply: { refused: null },
  },
  capacityChanged: { payload: { remoteSlots: 8 } },
  started: { payload: { taskId: 't', kind: 'benchmark', domainId: 'digits' } },
  progress: { payload: { taskId: 't', domainId: 'digits', progress } },
  finished: { payload: { taskId: 't', kind: 'train', domainId: 'digits', seconds: 1, failure: null } },
};

const trial: Trial = {
  experimentId: 'e',
  roundNumber: 1,
  timestampMs: 2,
  performance: 0.5,
  bestPerformance: 0.5,
  standardError: 0.01,
  isImprovement: true,
  migrant: false,
  epochs: 3,
  generation: 0,
  seconds: 1.5,
  parameters: { rate: 1e-9, activation: 'relu' },
};

const trackerSamples: Samples<typeof tracker> = {
  getTrials: {
    request: {
      domainId: 'digits',
      improvements: false,
      migrants: true,
      performance: { from: null, to: 0.5 },
      parameters: [{ name: 'rate', from: 0, to: null }],
      sort: 'performance',
      descending: true,
      offset: 0,
      limit: 3,
    },
    reply: { trials: [trial], total: 1 },
  },
  getTrialSample: {
    request: { domainId: 'digits', limit: 3 },
    reply: { total: 1, spread: [trial], improvements: [] },
  },
  getAccepted: {
    request: { domainId: 'digits', limit: 3 },
    reply: {
      accepted: [{ optimum: hash, optimizer: node, reported: 0.5, verified: 0.4, height: 3, timestampMs: 4 }],
    },
  },
  getExperiments: {
    request: {},
    reply: {
      experiments: [
        {
          experimentId: 'e',
          domainId: 'digits',
          totalRounds: 1,
          bestPerformance: null,
          converged: false,
          elapsedSeconds: 0,
        },
      ],
    },
  },
  getDomains: {
    request: { domainId: null },
    reply: {
      domains: [
        {
          domain_id: 'digits',
          performance_metric: 'accuracy',
          higher_is_better: 1,
          target_performance: null,
          experiments: 1,
          total_rounds: 2,
          best_performance: 0.5,
          chain_optimae: 3,
        },
      ],
    },
  },
  getExperimentRows: {
    request: { after: 'e', limit: 2 },
    reply: {
      experiments: [
        {
          experiment_id: 'f',
          domain_id: 'digits',
          node_id: 'n',
          hostname: 'h',
          optimizer_plugin: 'ga',
          performance_metric: 'accuracy',
          higher_is_better: 1,
          optimization_config: '{}',
          param_bounds: '{}',
          target_performance: null,
          started_at: '2026-01-01T00:00:00.000Z',
          finished_at: null,
          converged: 0,
          doin_version: '0.1.0',
        },
      ],
      summaries: [],
    },
  },
  getRounds: { request: { experimentId: 'e', after: null, limit: 2 }, reply: { rounds: null } },
  getChainOptimae: { request: { domainId: 'digits', after: null, limit: 2 }, reply: { optimae: [] } },
  flush: { request: {}, reply: { rounds: 4 } },
};

export type AnySamples = Readonly<Record<string, { payload?: unknown; request?: unknown; reply?: unknown }>>;

export const CATALOGUES: readonly { readonly protocol: AnyProtocol; readonly samples: AnySamples }[] = [
  { protocol: chain, samples: chainSamples },
  { protocol: evaluator, samples: evaluatorSamples },
  { protocol: gossip, samples: gossipSamples },
  { protocol: optimizer, samples: optimizerSamples },
  { protocol: quorum, samples: quorumSamples },
  { protocol: reputation, samples: reputationSamples },
  { protocol: taskQueue, samples: taskQueueSamples },
  { protocol: tracker, samples: trackerSamples },
];

import test from 'ava';
import { type ChainStatus, chain } from '../../actors/chain/messages.js';
import type { SourceFacts } from '../../runtime/http/node-view.js';
import type { AskPort, EventPort } from '../../runtime/http/port.js';
import { createStatusSource } from '../../runtime/http/source.js';
import type { DeadLetter } from '../../runtime/system/dead-letters.js';
import type { ActorSystem } from '../../runtime/system/system.js';
import { sampleActor } from './samples.js';

const chainStatus: ChainStatus = {
  chainId: 'solo-1',
  genesisHash: '00'.repeat(32),
  height: 9,
  hash: 'ab'.repeat(32),
  justifiedHeight: 8,
  finalized: { height: 4, hash: 'fa'.repeat(32) },
  totalWorkNano: 3_500_000_000n,
  accepted: 2,
  timestampMs: 1_700_000_000_000,
  slotMs: 1000,
  proofBlocks: 3,
  thresholdNano: 2_000_000_000,
  pendingWorkNano: 500_000_000,
  supplyUnits: 15_000_000_000,
  burnedUnits: 250_000_000,
  lockedUnits: 100_000_000,
  baseFeeUnits: 150_000,
  suggestedFee: { maxUnits: 310_000, tipUnits: 10_000 },
  stakeUnits: 500_000,
  stampBits: 12,
  optimae: { committed: 4, revealed: 3, accepted: 2, rejected: 1 },
  domains: [
    {
      domainId: 'digits',
      specHash: 'ab'.repeat(32),
      metric: 'accuracy',
      direction: 'maximize',
      baselineNano: 100_000_000,
      bestNano: 940_000_000,
      champion: { optimum: 'cc'.repeat(32), optimizer: 'dd'.repeat(32), genome: [1], blob: null, height: 8 },
      accepted: 2,
    },
    {
      domainId: 'quadratic',
      specHash: 'cd'.repeat(32),
      metric: 'value',
      direction: 'maximize',
      baselineNano: -100_000_000_000,
      bestNano: -100_000_000_000,
      champion: null,
      accepted: 0,
    },
  ],
  mempool: 1,
  busy: true,
  self: { nodeId: 'aa'.repeat(32), reputationMicro: 2_500_000, balanceUnits: 5_000_000_000, evaluates: [] },
  refused: { 'bad-signature': 2 },
  reorgs: 0,
};

const letter = (kind: string): DeadLetter => ({
  to: 'chain',
  from: 'gossip',
  kind,
  reason: 'stopped',
  traceId: '0123456789abcdef',
  time: 1_700_000_000_000,
  count: 1,
});

const facts: SourceFacts = {
  nodeId: 'aa'.repeat(32),
  nodeLabel: '',
  version: '0.1.0',
  role: 'full',
  startedAtMs: Date.now() - 5000,
  p2pAddresses: () => ['/ip4/127.0.0.1/tcp/1'],
  domains: [{ domain_id: 'digits', optimize: true, evaluate: false, target_performance: 0.99 }],
  olapFile: '/nowhere/olap.db',
  actors: async () => [sampleActor],
  deadLetters: () => ({ total: 2, letters: [letter('old'), letter('new')] }),
};

/** A port that answers asks by name; one without an answer fails as a stopped actor does. */
function portWith(answers: Readonly<Record<string, unknown>>): AskPort & EventPort {
  return {
    async ask(reference) {
      if (!(reference.name in answers)) throw new Error(`${reference.role} does not answer`);
      return answers[reference.name] as never;
    },
    on: () => () => undefined,
  };
}

test('the actor system offers what the pages need', (t) => {
  // The compiler is the judge; the body only keeps the function in use.
  const systemFits = (system: ActorSystem): AskPort & EventPort => system;
  t.is(systemFits.length, 1);
});

test('the status page has whole units and the domains of the chain', async (t) => {
  const source = createStatusSource(
    portWith({
      [chain.getStatus.name]: chainStatus,
      'gossip.getPeers': { peers: [{}, {}], listening: ['/x'], refused: { 'bad-signature': 1, oversize: 4 } },
      'optimizer.getProgress': {
        domains: [
          {
            domainId: 'digits',
            rounds: 5,
            bestPerformance: 0.95,
            benchmarkPerformance: null,
            benchmarkBeside: {},
            running: 1,
            state: 'searching',
          },
        ],
      },
    }),
    facts,
  );
  const status = await source.status();
  t.is(status.chain_height, 9);
  t.is(status.finalized_height, 4);
  t.is(status.finalized_hash, 'fa'.repeat(32));
  t.is(status.peers, 2);
  t.is(status.reputation, 2.5);
  t.is(status.balance, 50);
  t.is(status.uptime_s, 5);
  t.is(status.node_label, 'aaaaaaaa');
  t.deepEqual(status.refused, { 'bad-signature': 3, oversize: 4 });
  t.deepEqual(status.unavailable, []);
  t.is(status.dead_letters.total, 2);
  t.deepEqual(
    status.dead_letters.recent.map(({ kind, trace_id, time_ms }) => [kind, trace_id, time_ms]),
    [
      ['new', '0123456789abcdef', 1_700_000_000_000],
      ['old', '0123456789abcdef', 1_700_000_000_000],
    ],
    'newest first',
  );
  const [digits, quadratic] = status.domains;
  t.is(digits!.best_performance, 0.94);
  t.is(digits!.champion, 'cc'.repeat(32));
  t.is(digits!.target_performance, 0.99);
  t.is(digits!.local!.rounds, 5);
  t.is(quadratic!.best_performance, null, 'nothing was accepted yet');
  t.is(quadratic!.baseline, -100);
  t.false(quadratic!.optimize);
});

test('the page of fees has the price, an offer and the whole coin, in coins', async (t) => {
  const source = createStatusSource(portWith({ [chain.getStatus.name]: chainStatus }), facts);
  t.deepEqual(await source.fees(), {
    enabled: true,
    base_fee: 0.0015,
    suggested_max_fee: 0.0031,
    suggested_tip: 0.0001,
    mempool: 1,
    minted: 150,
    burned: 2.5,
    locked: 1,
  });
});

test('the status page survives actors that do not answer and names them', async (t) => {
  const status = await createStatusSource(portWith({ [chain.getStatus.name]: chainStatus }), facts).status();
  t.is(status.chain_height, 9);
  t.is(status.peers, 0);
  t.deepEqual(
    status.unavailable.map(({ actor }) => actor),
    ['gossip', 'optimizer'],
  );
});

test('without the chain there is no status page', async (t) => {
  await t.throwsAsync(createStatusSource(portWith({}), facts).status(), { message: /chain does not answer/ });
});

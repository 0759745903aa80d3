/** Whole networks on virtual time, with everything that goes wrong between and inside nodes. */
import test from 'ava';
import { chain } from '../../actors/chain/messages.js';
import { quorum } from '../../actors/quorum/messages.js';
import { type NetworkOptions, SimulatedDoin } from '../kit/network.js';

const NODES = ['a', 'b', 'c', 'd'];
const MINUTE = 60_000;
/** Enough for open quorums to settle and for anti-entropy, which compares notes every 5 s, to reach everybody. */
const CALM = 20_000;

function network(options: Partial<NetworkOptions> = {}) {
  return SimulatedDoin.create({ seed: 1, nodes: NODES, ...options });
}

async function lived(options: Partial<NetworkOptions>, untilMs = MINUTE) {
  const doin = await network(options);
  await doin.sim.run({ untilMs });
  const agreed = await doin.calm(CALM);
  const roots: string[] = [];
  for (const name of NODES) roots.push(await doin.stateRoot(name));
  return { doin, agreed, roots, digest: doin.sim.traceDigest() };
}

/** All heads are one when nobody adds to the chain any more. */
async function agree(doin: SimulatedDoin): Promise<boolean> {
  for (let patience = 0; patience < 3; patience += 1) if (await doin.calm(CALM)) return true;
  return false;
}

test.serial(
  'four nodes find, reveal and verify optima, and end on one state; the same seed repeats it exactly',
  async (t) => {
    const first = await lived({ seed: 1 });
    const { doin, agreed } = first;
    t.true(agreed);
    t.is(new Set(first.roots).size, 1);

    const kinds = new Set<string>();
    const voters = new Set<string>();
    const optimizers = new Set<string>();
    const { blocks } = await doin.sim.ask('a', chain.getApplied, { fromHeight: 1, limit: 500 });
    for (const record of blocks.flatMap(({ records }) => records)) {
      kinds.add(record.type);
      if (record.type !== 'OPTIMAE_ACCEPTED') continue;
      optimizers.add(record.optimizer);
      for (const { evaluator } of record.votes) {
        voters.add(evaluator);
        t.not(evaluator, record.optimizer, 'nobody votes on his own optimum');
      }
    }
    for (const kind of ['COMMITTED', 'REVEALED', 'TASK_CREATED', 'TASK_COMPLETED', 'OPTIMAE_ACCEPTED', 'COINBASE']) {
      t.true(kinds.has(kind), kind);
    }
    t.true(voters.size >= 3);
    t.true(optimizers.size >= 2);
    const { quorums } = await doin.sim.ask('b', quorum.getQuorums, { limit: 100 });
    t.true(quorums.some(({ verdict }) => verdict === 'accepted'));
    t.deepEqual(
      doin.sim.trace.filter(({ what }) => what === 'escalation'),
      [],
    );

    const again = await lived({ seed: 1 });
    t.deepEqual(again.roots, first.roots);
    t.is(again.digest, first.digest);
  },
);

test.serial('another seed is another story', async (t) => {
  const digests = new Set<string>();
  const heads = new Set<string>();
  for (const seed of [1, 2]) {
    const doin = await network({ seed });
    await doin.sim.run({ untilMs: 10_000 });
    digests.add(doin.sim.traceDigest());
    heads.add((await doin.status('a')).hash);
  }
  t.is(digests.size, 2);
  t.is(heads.size, 2);
});

test.serial('with a tenth of gossip lost and delays of up to half a second it converges all the same', async (t) => {
  const { agreed, roots, doin } = await lived({ seed: 3, wire: { lossRate: 0.1, delayMs: [50, 500] } }, 40_000);
  t.true(agreed || (await agree(doin)));
  t.true((await doin.status('a')).accepted > 0);
  t.true(!agreed || new Set(roots).size === 1);
  // Branch switches show commitments and seats again: neither ends a submission or blocks a measurement.
  for (const { record } of doin.sim.trace.flatMap((entry) => (entry.what === 'log' ? [entry] : []))) {
    const reason = String(record.fields?.reason ?? '');
    t.false(reason.includes('already queued or running'), reason);
    if (reason.includes('already-revealed')) t.is(record.fields?.kept, true);
  }
});

test.serial('two halves that lost each other for 20 seconds end on one head', async (t) => {
  const doin = await network({ seed: 4 });
  const { sim } = doin;
  await sim.run({ untilMs: 15_000 });
  sim.partition([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  await sim.run({ forMs: 20_000 });
  t.true(new Set(await doin.heads()).size > 1, 'the halves went on, each by itself');
  sim.heal();
  await sim.run({ forMs: 10_000 });
  t.true(await agree(doin));
});

test.serial('a node that was killed catches up from its store and its peers', async (t) => {
  const doin = await network({ seed: 5 });
  const { sim } = doin;
  await sim.run({ untilMs: 15_000 });
  const before = (await doin.status('b')).height;
  sim.crash('b');
  await sim.run({ forMs: 20_000 });
  sim.restart('b');
  await sim.start();
  t.true((await doin.status('b')).height >= before, 'what was stored is there at once');
  await sim.run({ forMs: 5_000 });
  t.true(await agree(doin));
  t.true((await doin.status('b')).height > before);
});

test.serial('the thread of every role can die on every node, and the network goes on', async (t) => {
  const doin = await network({ seed: 6 });
  const { sim } = doin;
  await sim.run({ untilMs: 5_000 });
  for (const { name: role } of sim.node('a').status()) {
    for (const name of NODES) {
      sim.crash(name, role);
      await sim.run({ forMs: 300 });
    }
  }
  const { accepted } = await doin.status('a');
  await sim.run({ forMs: 30_000 });
  t.true(await agree(doin));
  t.true((await doin.status('a')).accepted > accepted);
  t.deepEqual(
    sim.trace.filter(({ what }) => what === 'escalation'),
    [],
  );
});

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { SeatMeasurement } from '../../../actors/chain/types.js';
import { seatMeasurementOf } from '../../../actors/quorum/duties.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import { perform } from '../../../gpu-workers/worker.js';
import { fromHex } from '../../../runtime/codec/bytes.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { AcceptedVotes } from '../../../runtime/node/replay.js';
import { verifyChain } from '../../../runtime/node/verify.js';
import { packageRoot } from '../../../runtime/package-info.js';
import { FileBlobStore } from '../../../runtime/storage/blob-store.js';
import { DOMAIN_ID, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../../kit/chain.js';
import { temporaryFolder } from '../../kit/node-process.js';
import { storeChain } from '../../kit/stored-chain.js';
import { createDomain, weighedModule } from '../../kit/weighed-domain.js';

const MEMBERS = ['anna', 'bert', 'carl', 'dora'];
const WEIGHTS = new Uint8Array([20, 22]);

/** The data folder of a node whose chain accepted one optimum on these votes. */
async function folderOf(t: ExecutionContext, lie: Partial<SeatMeasurement> = {}, verification?: 'statistical') {
  const dataDir = temporaryFolder(t);
  const limits = { ...quadraticSpec(2).limits, blobBytes: 100 };
  const genesis = makeGenesis(MEMBERS, {
    domain: {
      module: weighedModule,
      limits,
      ...(verification !== undefined && { verification, weightNano: NANO / 2 }),
    },
  });
  const blob = await new FileBlobStore(join(dataDir, 'blobs')).put(WEIGHTS);
  const chain = new TestChain(genesis, MEMBERS);
  const { commit, reveal, optimum } = makeReveal(genesis, 'anna', [0, 0], 42 * NANO);
  if (reveal.type !== 'reveal') throw new Error('no reveal');
  chain.addWithNext([sign(genesis, 'anna', 1, commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'anna', 2, { ...reveal, blob })]);
  const domain = createDomain(genesis.domains[0]!);
  const work = { signal: new AbortController().signal, progress() {} };
  const votes = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat] : []));
  const transactions = [];
  for (const seat of votes) {
    const { index, evaluator, dataSeed } = seat;
    const task = { domainId: DOMAIN_ID, genome: [0, 0], weights: WEIGHTS, dataSeed: fromHex(dataSeed) };
    const { measurement, evidence } = await perform(domain, { kind: 'evaluate', ...task }, work);
    const honest = seatMeasurementOf(evaluator, { ...measurement, ...evidence! })!;
    const vote = { type: 'vote', optimum, seat: index, dataSeed } as const;
    const name = chain.names.get(evaluator)!;
    const published = index === 1 ? { ...honest, ...lie } : honest;
    transactions.push(sign(genesis, name, chain.nextNonce(name), { ...vote, measurement: published }));
  }
  chain.addWithNext(transactions);
  await storeChain(dataDir, chain);
  return { dataDir, optimum, seats: votes.length, blobFile: join(dataDir, 'blobs', blob.hash.slice(0, 2), blob.hash) };
}

const replay = { domains: [DOMAIN_ID] };

test('a chain whose votes were measured is replayed bit for bit', async (t) => {
  const { dataDir, seats } = await folderOf(t);
  const progress: [number, number][] = [];
  const report = await verifyChain({ dataDir, replay, onReplayed: (...counts) => progress.push(counts) });
  t.true(report.ok, report.problem ?? '');
  t.is(report.accepted, 1);
  t.true(seats >= 3);
  t.deepEqual(report.replay, { replayed: seats, mismatches: 0, withoutBlob: 0, notRepeatable: 0 });
  t.deepEqual(progress, [[seats, seats]]);
  t.is((await verifyChain({ dataDir })).replay, null);
});

const lies: readonly [string, Partial<SeatMeasurement>, RegExp][] = [
  ['performance', { performanceNano: 42 * NANO }, /performance in 1e-9 is 42000000000 on the chain.* gives 420\d+$/],
  ['standard error', { standardErrorNano: 7 }, /standard error in 1e-9 is 7 on the chain, .* gives 100000000$/],
  ['data hash', { dataHash: 'ab'.repeat(32) }, /data hash is (ab){32} on the chain, .* gives [0-9a-f]{64}$/],
  ['trace digest', { traceDigest: 'cd'.repeat(32) }, /trace digest is (cd){32} on the chain, .* gives [0-9a-f]{64}$/],
];

for (const [field, lie, expected] of lies) {
  test(`a ${field} that was made up is found, though the quorum agreed and every signature is right`, async (t) => {
    const { dataDir, seats, optimum } = await folderOf(t, lie);
    t.true((await verifyChain({ dataDir })).ok);
    const report = await verifyChain({ dataDir, replay });
    t.false(report.ok);
    t.like(report.replay, { replayed: seats, mismatches: 1 });
    t.true(report.problem?.startsWith(`optimum ${optimum}, seat 1: `), report.problem ?? '');
    t.regex(report.problem ?? '', expected);
  });
}

test('a vote that the verdict itself called wrong is not held against the chain', async (t) => {
  const { dataDir, seats } = await folderOf(t, { performanceNano: 13 * NANO });
  const report = await verifyChain({ dataDir, replay });
  t.true(report.ok, report.problem ?? '');
  t.like(report.replay, { replayed: seats - 1, mismatches: 0 });
});

test('weights that were changed in the folder are told from those on the chain, and left as they lie', async (t) => {
  const { dataDir, seats, optimum, blobFile } = await folderOf(t);
  writeFileSync(blobFile, new Uint8Array([20, 23]));
  const report = await verifyChain({ dataDir, replay });
  t.false(report.ok);
  t.like(report.replay, { replayed: seats, mismatches: seats });
  t.regex(report.problem ?? '', new RegExp(`^optimum ${optimum}, seat 0: its weights are [0-9a-f]{64} on the chain`));
  t.deepEqual([...readFileSync(blobFile)], [20, 23]);
});

test('an optimum whose weights are not here is counted, not refused', async (t) => {
  const { dataDir, blobFile } = await folderOf(t);
  rmSync(blobFile);
  const report = await verifyChain({ dataDir, replay });
  t.true(report.ok, report.problem ?? '');
  t.deepEqual(report.replay, { replayed: 0, mismatches: 0, withoutBlob: 1, notRepeatable: 0 });
});

test('no code is run that the user does not trust', async (t) => {
  const { dataDir } = await folderOf(t, { performanceNano: 42 * NANO });
  const report = await verifyChain({ dataDir, replay: { domains: [] } });
  t.true(report.ok, report.problem ?? '');
  t.deepEqual(report.replay, { replayed: 0, mismatches: 0, withoutBlob: 0, notRepeatable: 1 });
});

test('votes of statistical domains are not compared bit by bit', async (t) => {
  const { dataDir } = await folderOf(t, { performanceNano: 42 * NANO }, 'statistical');
  const report = await verifyChain({ dataDir, replay });
  t.true(report.ok, report.problem ?? '');
  t.like(report.replay, { replayed: 0, notRepeatable: 1 });
});

test('a chain that is followed from a snapshot knows the votes from before it', (t) => {
  const genesis = makeGenesis(MEMBERS);
  const chain = new TestChain(genesis, MEMBERS);
  const { commit, reveal, optimum } = makeReveal(genesis, 'anna', [0, 0], -NANO);
  chain.addWithNext([sign(genesis, 'anna', 1, commit)]);
  const [first, ...others] = votesOn(chain, chain.addWithNext([sign(genesis, 'anna', 2, reveal)]).records, () => -NANO);
  const votes = new AcceptedVotes();
  votes.startAt(chain.add([first!]).state);
  votes.add(chain.addWithNext(others));
  t.is(votes.accepted[0]?.optimum, optimum);
  t.is(votes.accepted[0]?.seats.length, 1 + others.length);
});

test('the command exits 1 and names optimum, seat and both values', async (t) => {
  const { dataDir, optimum, seats } = await folderOf(t, { standardErrorNano: 7 });
  const config = join(dataDir, 'node.json');
  writeFileSync(config, JSON.stringify({ domains: [{ domain_id: DOMAIN_ID }] }));
  const launcher = join(packageRoot, 'bin/doin.js');
  const args = [launcher, 'verify', '--replay', '--json', '--data-dir', dataDir, '--config', config];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  t.is(status, 1);
  t.like(JSON.parse(stdout), { ok: false, replayed: seats, mismatches: 1, without_blob: 0, not_repeatable: 0 });
  t.regex(
    stderr,
    new RegExp(`optimum ${optimum}, seat 1: standard error in 1e-9 is 7 on the chain, .* gives 100000000`),
  );
});

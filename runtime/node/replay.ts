/**
 * `doin verify --replay`: does the evaluations again whose votes made optima accepted, and compares bit by bit what they
 * give with what stands on the chain. Signatures prove who voted; this proves that he measured.
 */
import { availableParallelism } from 'node:os';
import { seatView } from '../../actors/chain/execution.js';
import type { Genesis } from '../../actors/chain/genesis.js';
import { DEFINITION } from '../../actors/chain/state/domains.js';
import { OPTIMUM, type State } from '../../actors/chain/state/state.js';
import type { Applied } from '../../actors/chain/transition.js';
import type { BlobReference, ChainRecord, Hash, JudgedVote, Seat, SeatMeasurement } from '../../actors/chain/types.js';
import { seatMeasurementOf } from '../../actors/quorum/duties.js';
import { isBuiltInModule } from '../../gpu-workers/domains/registry.js';
import { isTaskFailure } from '../../gpu-workers/failures.js';
import { WorkerPool } from '../../gpu-workers/pool.js';
import type { DomainSpec, Evidence, Measurement, TaskFailureCode } from '../../gpu-workers/types.js';
import type { VerifyReport } from '../cli/node-port.js';
import { fromHex } from '../codec/bytes.js';
import { DoinError, errorMessage } from '../errors.js';
import type { Genome } from '../genome/space.js';
import { blobHash, type FileBlobStore } from '../storage/blob-store.js';

/** An accepted optimum, and the votes that count for it. */
export interface AcceptedOptimum {
  readonly optimum: Hash;
  readonly spec: DomainSpec;
  readonly genome: Genome;
  readonly blob: BlobReference | null;
  readonly seats: readonly Seat[];
}

/** Gathers from a chain's blocks, as they are applied, what was accepted on whose votes. */
export class AcceptedVotes {
  readonly accepted: AcceptedOptimum[] = [];
  /** By optimum that is still open: its seats that are done. */
  readonly #seats = new Map<Hash, Map<number, Seat>>();

  /** A chain that is not followed from its genesis begins with open optima. */
  startAt(state: State): void {
    for (const [id, { reveal }] of state.list(OPTIMUM)) {
      for (const [index, seat] of (reveal?.seats ?? []).entries()) this.#done(id, seatView(seat, index));
    }
  }

  add({ records, state }: Pick<Applied, 'records' | 'state'>): void {
    for (const record of records) {
      if (record.type === 'TASK_COMPLETED') this.#done(record.optimum, record.seat);
      if (record.type === 'OPTIMAE_ACCEPTED') this.#accept(record, state);
      if (record.type === 'OPTIMAE_ACCEPTED' || record.type === 'OPTIMAE_REJECTED') this.#seats.delete(record.optimum);
    }
  }

  /** A seat may be struck later; what is told last holds. */
  #done(optimum: Hash, seat: Seat): void {
    const seats = this.#seats.get(optimum) ?? new Map<number, Seat>();
    this.#seats.set(optimum, seats.set(seat.index, seat));
  }

  #accept(record: Extract<ChainRecord, { type: 'OPTIMAE_ACCEPTED' }>, state: State): void {
    const { optimum, domain, genome, blob, votes } = record;
    const seats = [...(this.#seats.get(optimum)?.values() ?? [])].filter((seat) => counts(seat, votes));
    this.accepted.push({ optimum, spec: state.require(DEFINITION, domain).spec, genome, blob, seats });
  }
}

/** Votes that the verdict itself calls wrong prove nothing against the chain. */
function counts({ status, evaluator, duty }: Seat, votes: readonly JudgedVote[]): boolean {
  if (status !== 'voted') return false;
  return votes.some((vote) => vote.evaluator === evaluator && vote.duty === duty && vote.outcome === 'agreed');
}

/**
 * Whose code may be run: what comes with the program, and modules of genesis domains that the user's config names. The
 * specification of a domain registered later is a stranger's, and so is the module it names.
 */
export function trustOf(genesis: Genesis, domains: readonly string[]): (spec: DomainSpec) => boolean {
  const trusted = genesis.domains.map(({ domainId }) => domainId).filter((id) => domains.includes(id));
  return ({ domainId, module }) => isBuiltInModule(module) || trusted.includes(domainId);
}

/** Every vote that can be repeated here; `onReplayed` counts them. */
export async function replayVotes(
  accepted: readonly AcceptedOptimum[],
  blobs: Pick<FileBlobStore, 'read'>,
  trusts: (spec: DomainSpec) => boolean,
  onReplayed: (done: number, total: number) => void,
): Promise<Pick<VerifyReport, 'ok' | 'problem' | 'replay'>> {
  const repeatable = accepted.filter(({ spec }) => spec.verification === 'exact' && trusts(spec));
  const total = repeatable.reduce((sum, { seats }) => sum + seats.length, 0);
  const maxMemoryMb = Math.max(64, ...repeatable.map(({ spec }) => spec.limits.memoryMb));
  const pool = new WorkerPool({ threads: availableParallelism(), niceIncrement: 0, maxMemoryMb });
  const counts = { replayed: 0, mismatches: 0, withoutBlob: 0, notRepeatable: accepted.length - repeatable.length };
  let done = 0;
  let problem: string | null = null;
  const waiting = repeatable.values();
  const lane = async () => {
    for (const optimum of waiting) {
      const outcome = await replayOptimum(optimum, blobs, pool);
      if (outcome.kind === 'compared') {
        counts.replayed += optimum.seats.length;
        counts.mismatches += outcome.differences.length;
        problem ??= outcome.differences[0] ?? null;
      } else counts[outcome.kind] += 1;
      done += optimum.seats.length;
      onReplayed(done, total);
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.threads }, lane));
  } catch (error) {
    problem ??= errorMessage(error);
  } finally {
    await pool.close();
  }
  return { ok: problem === null, problem, replay: counts };
}

type Outcome =
  | { readonly kind: 'compared'; readonly differences: readonly string[] }
  | { readonly kind: 'withoutBlob' | 'notRepeatable' };

async function replayOptimum(
  optimum: AcceptedOptimum,
  blobs: Pick<FileBlobStore, 'read'>,
  pool: WorkerPool,
): Promise<Outcome> {
  const { blob } = optimum;
  const weights = blob === null ? new Uint8Array() : await blobs.read(blob.hash);
  if (weights === null) return { kind: 'withoutBlob' };
  try {
    return { kind: 'compared', differences: await differencesOf(optimum, weights, pool) };
  } catch (error) {
    if (isTaskFailure(error) && error.code === 'unknown-domain') return { kind: 'notRepeatable' };
    throw error;
  }
}

/** One sentence for each vote that is not what its evaluation gives. */
async function differencesOf(
  accepted: AcceptedOptimum,
  weights: Uint8Array,
  pool: WorkerPool,
): Promise<readonly string[]> {
  const { optimum, blob, seats } = accepted;
  const name = blobHash(weights);
  if (blob !== null && blob.hash !== name) {
    const text = `its weights are ${blob.hash} on the chain, those in the data folder are ${name}`;
    return seats.map(({ index }) => `optimum ${optimum}, seat ${index}: ${text}`);
  }
  // An audit is on the data of the seat that it audits.
  const evaluations = new Map<Hash, Measured>();
  const differences: string[] = [];
  for (const seat of seats) {
    const measured = evaluations.get(seat.dataSeed) ?? (await measure(accepted, seat, weights, pool));
    evaluations.set(seat.dataSeed, measured);
    const difference = differenceOf(seat, measured);
    if (difference !== null) differences.push(`optimum ${optimum}, seat ${seat.index}: ${difference}`);
  }
  return differences;
}

/** A sentence: why it cannot be measured, whoever tries. */
type Measured = (Measurement & Evidence) | string;

async function measure(
  { optimum, spec, genome }: AcceptedOptimum,
  { index, dataSeed }: Seat,
  weights: Uint8Array,
  pool: WorkerPool,
): Promise<Measured> {
  const { signal } = new AbortController();
  const task = { kind: 'evaluate', domainId: spec.domainId, genome, weights, dataSeed: fromHex(dataSeed) } as const;
  try {
    const { measurement, evidence } = await pool.run(task, { spec, signal, onProgress: () => undefined });
    if (evidence === undefined) throw new DoinError({ code: 'no-evidence' }, 'the pool measured without evidence');
    return { ...measurement, ...evidence };
  } catch (error) {
    if (isTaskFailure(error) && UNMEASURABLE.includes(error.code)) return error.message;
    if (isTaskFailure(error) && error.code === 'unknown-domain') throw error;
    const text = `optimum ${optimum}, seat ${index}: cannot be repeated on this machine: ${errorMessage(error)}`;
    throw new DoinError({ code: 'not-repeatable', optimum, seat: index }, text, { cause: error });
  }
}

/** What lies in the optimum itself, not in the machine that measures it. */
const UNMEASURABLE: readonly TaskFailureCode[] = ['bad-genome', 'bad-weights', 'non-finite-result'];

const FIELDS: Readonly<Record<keyof SeatMeasurement, string>> = {
  performanceNano: 'performance in 1e-9',
  standardErrorNano: 'standard error in 1e-9',
  dataHash: 'data hash',
  traceDigest: 'trace digest',
};

function differenceOf(seat: Seat, measured: Measured): string | null {
  const own = typeof measured === 'string' ? null : seatMeasurementOf(seat.evaluator, measured);
  // An audit proves itself by the trace, unsalted.
  const trace = typeof measured !== 'string' && seat.duty === 'audit' ? { traceDigest: measured.traceHash } : {};
  const found = own === null ? null : { ...own, ...trace };
  if (found === null) {
    const why = typeof measured === 'string' ? measured : 'the numbers do not fit the chain';
    return `performance in 1e-9 is ${seat.performanceNano} on the chain, but it cannot be measured (${why})`;
  }
  for (const [field, label] of Object.entries(FIELDS) as [keyof SeatMeasurement, string][]) {
    if (seat[field] !== found[field])
      return `${label} is ${seat[field]} on the chain, the evaluation gives ${found[field]}`;
  }
  return null;
}

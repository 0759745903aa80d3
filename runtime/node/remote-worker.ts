/**
 * Runs tasks of a node on another machine: the same pool, fed over HTTP. Each thread has a lane that claims a task, works
 * and sends what came out. A node that goes away is waited for; at the end, tasks in hand are given back.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { domainHash } from '../../actors/chain/genesis.js';
import { readDefinition } from '../../config/domain-spec.js';
import { isBuiltInModule } from '../../gpu-workers/domains/registry.js';
import { WorkerPool } from '../../gpu-workers/pool.js';
import type { LocalDomainSpec, PoolResult, TrainingProgress } from '../../gpu-workers/types.js';
import { fetchJson, postJson } from '../cli/http-client.js';
import type { RemoteWorkerOptions } from '../cli/node-port.js';
import { DoinError, errorMessage, isDoinError } from '../errors.js';
import type { DomainsJson } from '../http/domains.js';
import {
  type ClaimJson,
  type CompleteJson,
  type LeaseJson,
  type RenewJson,
  readLease,
  resultToJson,
  taskFromJson,
} from '../http/remote-tasks.js';

const WAIT_SECONDS = 10;
/** For an answer, beyond the wait that was asked for; weights of 16 MiB may be in it. */
const ANSWER_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Tasks are given back within this time, or their leases run out. */
const FAREWELL_MS = 5_000;
const RENEWALS_PER_LEASE = 3;

export async function runWorker(options: RemoteWorkerOptions): Promise<void> {
  const worker = new RemoteWorker(options);
  await worker.run();
}

class RemoteWorker {
  readonly #options: RemoteWorkerOptions;
  /** Ends everything: the owner's signal, or a failure of a lane. */
  readonly #ending = new AbortController();
  #specs: ReadonlyMap<string, LocalDomainSpec> = new Map();
  #reconnecting: Promise<void> | null = null;

  constructor(options: RemoteWorkerOptions) {
    this.#options = options;
    const end = () => this.#ending.abort();
    if (options.signal.aborted) end();
    else options.signal.addEventListener('abort', end, { once: true });
  }

  async run(): Promise<void> {
    const { threads, url, name, say } = this.#options;
    await this.#connect();
    if (this.#isOver) return;
    const specs = [...this.#specs.values()];
    const names = specs.map(({ domainId }) => domainId).join(', ');
    say({ type: 'connected', text: `working for ${url} as ${name}: ${names}; ${threads} at a time` });
    const pool = new WorkerPool({
      threads,
      niceIncrement: this.#options.niceIncrement,
      maxMemoryMb: Math.max(64, ...specs.map(({ limits }) => limits.memoryMb)),
      onIdleCrash: (error) => say({ type: 'warning', text: `an idle thread died and was replaced: ${error.message}` }),
    });
    try {
      const lanes = Array.from({ length: threads }, () => this.#lane(pool));
      for (const lane of lanes) lane.catch(() => this.#ending.abort());
      const ended = await Promise.allSettled(lanes);
      const failed = ended.find((lane) => lane.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      await pool.close();
    }
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  async #lane(pool: WorkerPool): Promise<void> {
    while (!this.#isOver) {
      const lease = await this.#claim();
      if (lease !== null) await this.#work(pool, lease);
    }
  }

  /** Null when there was no task, when the node was away for a while, and at the end. */
  async #claim(): Promise<LeaseJson | null> {
    const { name, threads } = this.#options;
    const leaseId = randomBytes(16).toString('hex');
    const claim: ClaimJson = {
      lease_id: leaseId,
      worker: name,
      slots: threads,
      spec_hashes: [...this.#specs.keys()],
      wait_seconds: WAIT_SECONDS,
    };
    try {
      return readLease(await this.#post('/tasks/claim', claim, WAIT_SECONDS * 1000 + ANSWER_MS, this.#ending.signal));
    } catch (error) {
      if (this.#isOver) {
        // The answer may be on its way.
        await this.#post('/tasks/complete', { outcome: 'released', lease_id: leaseId }, FAREWELL_MS).catch(
          () => undefined,
        );
        return null;
      }
      if (!isPassing(error)) throw error;
      this.#reconnecting ??= this.#connect(error).finally(() => {
        this.#reconnecting = null;
      });
      await this.#reconnecting;
      return null;
    }
  }

  async #work(pool: WorkerPool, lease: LeaseJson): Promise<void> {
    const { lease_id: leaseId, task, spec_hash: specHash } = lease;
    const held = new HeldLease(lease, (renewal) => this.#post<{ held: boolean }>('/tasks/renew', renewal, ANSWER_MS));
    const stop = () => held.drop();
    this.#ending.signal.addEventListener('abort', stop, { once: true });
    this.#options.onTask({ domainId: task.domain_id, kind: task.kind, state: 'started' });
    try {
      const spec = this.#specs.get(specHash);
      if (spec === undefined) throw new DoinError({ code: 'unknown-domain' }, `${task.domain_id} is not defined here`);
      if (this.#isOver) held.drop();
      const onProgress = (progress: TrainingProgress) => held.tell(progress);
      const result = await pool.run(taskFromJson(task), { spec, signal: held.signal, onProgress });
      await this.#finish(held, { outcome: 'done', lease_id: leaseId, result: resultToJson(result) });
      this.#options.onTask(doneTask(lease, result));
    } catch (error) {
      this.#options.onTask({ domainId: task.domain_id, kind: task.kind, state: 'ended' });
      const code = isDoinError(error) ? error.code : 'task-crashed';
      const message = errorMessage(error).slice(0, 2_000);
      if (this.#isOver) await this.#finish(held, { outcome: 'released', lease_id: leaseId });
      else if (held.isLost) this.#warn(`a task of ${task.domain_id} was taken back by the node`);
      else if (isDoinError(error, 'result-refused')) this.#warn(message);
      else await this.#finish(held, { outcome: 'failed', lease_id: leaseId, code, message });
    } finally {
      this.#ending.signal.removeEventListener('abort', stop);
      held.close();
    }
  }

  /** Tries again while the lease may still hold: a node may be back in a moment. */
  async #finish(held: HeldLease, end: CompleteJson): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      try {
        const timeoutMs = this.#isOver ? FAREWELL_MS : ANSWER_MS;
        const answer = await this.#post<{ accepted: boolean; reason: string | null }>(
          '/tasks/complete',
          end,
          timeoutMs,
        );
        if (answer.accepted || end.outcome !== 'done') return;
        throw new DoinError({ code: 'result-refused' }, `a result does not count: ${answer.reason}`);
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (this.#isOver || !held.mayHold) {
          this.#warn(`a task could not be handed in: ${errorMessage(error)}`);
          return;
        }
        await this.#pause(failures);
      }
    }
  }

  /** Resolves when the node has told its domains, or at the end. */
  async #connect(lost?: unknown): Promise<void> {
    if (lost !== undefined) this.#warn(`${errorMessage(lost)}; trying again`);
    for (let failures = 0; !this.#isOver; failures += 1) {
      try {
        this.#specs = await this.#readDomains();
        if (lost !== undefined || failures > 0) this.#options.say({ type: 'connected', text: 'the node is back' });
        return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (failures === 0 && lost === undefined) this.#warn(`${errorMessage(error)}; trying again`);
        await this.#pause(failures);
      }
    }
  }

  /** Those of the node that this machine may run: its code, and what its owner defines, never what the node names. */
  async #readDomains(): Promise<ReadonlyMap<string, LocalDomainSpec>> {
    const { url, own } = this.#options;
    const { domains } = await fetchJson<DomainsJson>(url, '/domains');
    const specs = new Map<string, LocalDomainSpec>();
    for (const { domain_id: domainId, spec_hash: specHash, definition } of domains) {
      const mine = own.get(specHash);
      if (mine !== undefined) {
        specs.set(specHash, mine);
        continue;
      }
      const spec = readDefinition(definition, `${url}/domains`);
      const isRunnable = isBuiltInModule(spec.module) && spec.module !== 'exec' && domainHash(spec) === specHash;
      if (isRunnable) specs.set(specHash, spec);
      else this.#warn(`domain ${domainId} is left alone: define it here with --definition, as the node does`);
    }
    if (specs.size > 0) return specs;
    throw new DoinError({ code: 'no-domain' }, `${url} has no domain that this machine can work on`);
  }

  async #pause(failures: number): Promise<void> {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_PAUSE_MS);
    // Many workers that lost one node at once do not come back in step.
    const jittered = pauseMs * (0.75 + Math.random() / 2);
    await sleep(jittered, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  #post<T>(path: string, body: object, timeoutMs: number, signal?: AbortSignal): Promise<T> {
    const { url, token } = this.#options;
    return postJson<T>(url, path, token, body, { timeoutMs, ...(signal !== undefined && { signal }) });
  }

  #warn(text: string): void {
    this.#options.say({ type: 'warning', text });
  }
}

/** A lease as its worker sees it: renewed while it is worked on, lost when the node says so. */
class HeldLease {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #lease: LeaseJson;
  #progress: TrainingProgress | null = null;
  #heardAt = performance.now();
  isLost = false;

  constructor(lease: LeaseJson, renew: (renewal: RenewJson) => Promise<{ held: boolean }>) {
    this.#lease = lease;
    this.#timer = setInterval(
      () => {
        const renewal = { lease_id: lease.lease_id, progress: progressJson(this.#progress) };
        renew(renewal).then(
          ({ held }) => {
            this.#heardAt = performance.now();
            if (held) return;
            this.isLost = true;
            this.drop();
          },
          // The next one may get through; at the end of the lease the node takes the task back by itself.
          () => undefined,
        );
      },
      (lease.expires_in_seconds * 1000) / RENEWALS_PER_LEASE,
    );
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** As far as this machine can tell. */
  get mayHold(): boolean {
    return !this.isLost && performance.now() - this.#heardAt < this.#lease.expires_in_seconds * 1000;
  }

  tell(progress: TrainingProgress): void {
    this.#progress = progress;
  }

  drop(): void {
    this.#abort.abort();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** JSON has no NaN: a loss that ran away is not told. */
function progressJson(progress: TrainingProgress | null): RenewJson['progress'] {
  if (progress === null) return null;
  const { epoch, maxEpochs, loss, validationLoss } = progress;
  if (!Number.isFinite(loss) || !Number.isFinite(validationLoss)) return null;
  return { epoch, max_epochs: maxEpochs, loss, validation_loss: validationLoss };
}

function doneTask({ task }: LeaseJson, { measurement, seconds }: PoolResult) {
  const { performance: reached } = measurement;
  return { domainId: task.domain_id, kind: task.kind, state: 'done', performance: reached, seconds } as const;
}

/** Worth another try: the node is away, busy, or limits us. */
function isPassing(error: unknown): boolean {
  if (isDoinError(error, 'node-unreachable')) return true;
  const status = error instanceof DoinError ? (error.data as { readonly status?: unknown }).status : undefined;
  return typeof status === 'number' && (status === 429 || status >= 500);
}

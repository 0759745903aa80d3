/**
 * The pool of a simulated node: does the domain's real work on this thread, at once, and gives the result after a
 * seeded virtual time. Domains are loaded before the simulation runs, because loading reads files.
 */
import type { TaskPool } from '../../actors/task-queue/actor.js';
import { refuseTask } from '../../gpu-workers/checks.js';
import { loadDomain } from '../../gpu-workers/domains/registry.js';
import { taskFailure } from '../../gpu-workers/failures.js';
import type { RunOptions } from '../../gpu-workers/pool.js';
import type { Domain, DomainSpec, PoolResult, PoolTask } from '../../gpu-workers/types.js';
import { perform } from '../../gpu-workers/worker.js';
import type { ActorContext } from '../../runtime/system/actor.js';

export type LoadedDomains = ReadonlyMap<string, Domain>;

export async function loadDomains(specs: readonly DomainSpec[]): Promise<LoadedDomains> {
  const loaded = new Map<string, Domain>();
  for (const spec of specs) {
    const domain = await loadDomain(spec);
    await domain.prepare();
    loaded.set(spec.domainId, domain);
  }
  return loaded;
}

export class SimulatedPool implements TaskPool {
  readonly threads: number;
  readonly #ctx: ActorContext;
  readonly #domains: LoadedDomains;
  readonly #taskMs: readonly [low: number, high: number];
  #closed = false;

  constructor(
    ctx: ActorContext,
    options: { readonly threads: number; readonly domains: LoadedDomains; readonly taskMs: readonly [number, number] },
  ) {
    this.#ctx = ctx;
    this.threads = options.threads;
    this.#domains = options.domains;
    this.#taskMs = options.taskMs;
  }

  async run(task: PoolTask, { spec, signal, onProgress }: RunOptions): Promise<PoolResult> {
    const refused = refuseTask(task, spec);
    if (refused) throw refused;
    const domain = this.#domains.get(spec.domainId);
    if (domain === undefined) throw taskFailure('unknown-domain', `domain ${spec.domainId} is not loaded`);
    const limitMs = spec.limits.trainingSeconds * 1000;
    const durationMs = this.#duration();
    await this.#pass(Math.min(durationMs, limitMs), signal);
    if (durationMs > limitMs) throw taskFailure('task-timeout', `the task ran longer than ${limitMs} ms`);
    const result = await perform(domain, task, { signal, progress: onProgress });
    return { ...result, seconds: durationMs / 1000 };
  }

  async warm(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
  }

  #duration(): number {
    const [low, high] = this.#taskMs;
    const [first = 0, second = 0] = this.#ctx.randomBytes(2);
    return low + ((first * 256 + second) / 65_536) * (high - low);
  }

  #pass(durationMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancelled = () => reject(taskFailure('task-cancelled', 'the task was cancelled'));
      if (signal.aborted || this.#closed) return cancelled();
      const cancel = this.#ctx.after(durationMs, () => {
        signal.removeEventListener('abort', aborted);
        if (this.#closed) cancelled();
        else resolve();
      });
      const aborted = () => {
        cancel();
        cancelled();
      };
      signal.addEventListener('abort', aborted, { once: true });
    });
  }
}

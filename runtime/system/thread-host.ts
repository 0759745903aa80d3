/** The actors of one thread, between main's control calls and the exchange. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DoinError } from '../errors.js';
import { isTraced, type TraceFilter } from '../trace/filter.js';
import type { ActorDefinition } from './actor.js';
import { ActorCell } from './cell.js';
import { startFailed } from './errors.js';
import { Exchange } from './exchange.js';
import { createLogger, LogThreshold } from './logging.js';
import { machinePlatform, type Platform } from './platform.js';
import { type ActorSpec, type LoadedActor, type ThreadBoot, type ThreadControl, toResult } from './spec.js';

/** Granularity of the loop-delay histogram: fine enough for a p99, coarse enough to cost nothing. */
const LOOP_RESOLUTION_MS = 20;

export class ThreadHost {
  readonly #boot: ThreadBoot;
  readonly #platform: Platform;
  readonly #exchange: Exchange;
  readonly #threshold: LogThreshold;
  readonly #cells = new Map<string, ActorCell>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #trace: TraceFilter | null;

  constructor(boot: ThreadBoot) {
    this.#boot = boot;
    this.#platform = machinePlatform(boot.clock);
    this.#threshold = new LogThreshold(boot.logLevel);
    this.#trace = boot.trace;
    this.#exchange = new Exchange({
      thread: boot.thread,
      number: boot.number,
      platform: this.#platform,
      routes: new Map(boot.routes),
      onReport: (topic) => {
        throw new Error(`thread ${boot.thread} was sent a report (${topic}); those go to main`);
      },
    });
    this.#loopDelay.enable();
  }

  control(): ThreadControl {
    const { thread } = this.#boot;
    return {
      load: () => toResult(thread, () => this.#load()),
      start: (audiences, again) => toResult(thread, () => this.#start(audiences, again)),
      stop: (role, deadlineMs) => toResult(role, () => this.#stop(role, deadlineMs)),
      health: () => this.#health(),
      inspect: (role) => this.#cells.get(role)?.inspect() ?? null,
      setTrace: (filter) => {
        this.#trace = filter;
        for (const cell of this.#cells.values()) cell.updateTrace();
      },
      setLogLevel: (level) => {
        this.#threshold.level = level;
      },
      relink: (name, port) => this.#exchange.link(name).bind(port),
      unlink: (name) => this.#exchange.unlink(name),
    };
  }

  async #load(): Promise<LoadedActor[]> {
    if (this.#boot.preload !== null) await import(this.#boot.preload);
    const loaded: LoadedActor[] = [];
    for (const spec of this.#boot.actors) {
      const definition = await loadDefinition(spec);
      const { role } = spec;
      const log = createLogger(role, this.#threshold, this.#platform.now, (record) =>
        this.#exchange.report('log', record),
      );
      const cell = new ActorCell({
        definition,
        options: spec.options,
        exchange: this.#exchange,
        log,
        restart: this.#boot.restart,
        isTraced: (name, kind) => isTraced(this.#trace, name, kind),
      });
      this.#cells.set(role, cell);
      loaded.push({ role, listensTo: definition.listensTo.map((event) => event.name) });
    }
    // Only now can messages find their actors.
    for (const { thread, port } of this.#boot.links) this.#exchange.link(thread).bind(port);
    return loaded;
  }

  async #start(audiences: readonly (readonly [string, readonly string[]])[], again: boolean): Promise<null> {
    for (const [event, threads] of audiences) {
      for (const thread of threads) if (thread !== this.#boot.thread) this.#exchange.listenRemote(event, thread);
    }
    if (again) for (const cell of this.#cells.values()) cell.resume();
    else await Promise.all([...this.#cells.values()].map((cell) => cell.start()));
    return null;
  }

  async #stop(role: string, deadlineMs: number): Promise<null> {
    try {
      await this.#cells.get(role)?.stop(deadlineMs);
    } finally {
      this.#exchange.flush();
    }
    return null;
  }

  #health() {
    // The histogram measures the whole interval between two ticks of its timer.
    const p99Ms = Math.max(0, this.#loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
    return [...this.#cells.values()].map((cell) => cell.status(Number(p99Ms.toFixed(3))));
  }
}

async function loadDefinition(spec: ActorSpec): Promise<ActorDefinition> {
  const { role, module, exportName } = spec;
  let exported: unknown;
  try {
    const loaded = (await import(module)) as Record<string, unknown>;
    const found = loaded[exportName];
    exported = typeof found === 'function' ? found() : found;
  } catch (error) {
    throw startFailed(role, error);
  }
  const definition = exported as Partial<ActorDefinition> | undefined;
  if (definition?.role !== role || typeof definition.start !== 'function') {
    throw new DoinError(
      { code: 'actor-definition-invalid', actor: role, module, exportName },
      `export "${exportName}" of ${module} is no definition of the actor "${role}"; name the export that is`,
    );
  }
  return definition as ActorDefinition;
}

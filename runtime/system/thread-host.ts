/** The actors of one thread, between main's control calls and the exchange. */
import type { MessagePort } from 'node:worker_threads';
import { DoinError } from '../errors.js';
import { TraceRecorder } from '../trace/recorder.js';
import type { ActorDefinition } from './actor.js';
import { ActorCell } from './cell.js';
import { startFailed } from './errors.js';
import { Exchange } from './exchange.js';
import { createLogger, LogThreshold } from './logging.js';
import { ThreadMetrics } from './metrics.js';
import { machinePlatform, type Platform, portsRead } from './platform.js';
import { type ActorSpec, type LoadedActor, type ThreadBoot, type ThreadControl, toResult } from './spec.js';
import { ThreadVitals } from './vitals.js';

export class ThreadHost {
  readonly #boot: ThreadBoot;
  readonly #platform: Platform;
  readonly #exchange: Exchange;
  readonly #vitals: ThreadVitals;
  readonly #threshold: LogThreshold;
  readonly #cells = new Map<string, ActorCell>();
  readonly #metrics = new ThreadMetrics();
  readonly #tracer: TraceRecorder;

  constructor(boot: ThreadBoot) {
    this.#boot = boot;
    this.#vitals = new ThreadVitals(boot.vitals);
    this.#platform = machinePlatform(boot.clock);
    this.#threshold = new LogThreshold(boot.logLevel);
    this.#exchange = new Exchange({
      thread: boot.thread,
      number: boot.number,
      platform: this.#platform,
      routes: new Map(boot.routes),
      onReport: (topic) => {
        throw new Error(`thread ${boot.thread} was sent a report (${topic}); those go to main`);
      },
      onReceived: (thread) => this.#vitals.countReceived(boot.threads.indexOf(thread)),
    });
    this.#tracer = new TraceRecorder({
      thread: boot.thread,
      platform: this.#platform,
      filter: boot.trace,
      send: (batch) => this.#exchange.report('trace', batch),
    });
    setInterval(() => this.#vitals.beat(), boot.beatIntervalMs);
    process.once('exit', () => this.#lastWill());
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
        this.#tracer.setFilter(filter);
        for (const cell of this.#cells.values()) cell.updateTrace();
      },
      setLogLevel: (level) => {
        this.#threshold.level = level;
      },
      relink: (name, port, vitals) => this.#bind(name, port, vitals),
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
        vitals: this.#vitals.actor(loaded.length),
        tracer: this.#tracer,
      });
      this.#cells.set(role, cell);
      loaded.push({ role, listensTo: definition.listensTo.map((event) => event.name), kinds: cell.kinds });
    }
    // Only now can messages find their actors.
    for (const { thread, port, vitals } of this.#boot.links) this.#bind(thread, port, vitals);
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
    // What was sent before the stop lies in other ports than the stop.
    await portsRead();
    try {
      await this.#cells.get(role)?.stop(deadlineMs);
    } finally {
      this.#tracer.flush();
      this.#exchange.flush();
    }
    return null;
  }

  #bind(thread: string, port: MessagePort, vitals: SharedArrayBuffer | null): void {
    const own = this.#boot.threads.indexOf(this.#boot.thread);
    const peer = vitals === null ? null : new ThreadVitals(vitals);
    this.#exchange.link(thread).bind(port, peer === null ? null : () => peer.received(own));
  }

  /**
   * The thread ends, by `process.exit` or an error nobody caught: what it still holds is named while it can be. Of a
   * thread that is terminated or out of memory main knows the numbers only.
   */
  #lastWill(): void {
    for (const cell of this.#cells.values()) cell.abandon('thread-ended');
    this.#tracer.flush();
    this.#exchange.flush();
  }

  #health() {
    const load = this.#metrics.read();
    return [...this.#cells.values()].map((cell) => ({ ...cell.status(load.event_loop_p99_ms), load }));
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

/**
 * Starts the threads, wires each pair with a direct port, and starts a thread again when it ends without being told
 * to. An actor's own crashes are handled by its cell; here a thread is what crashes.
 */
import { MessageChannel, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import { type DoinError, errorMessage, isDoinError } from '../errors.js';
import type { TraceFilter } from '../trace/filter.js';
import { handOver } from './control.js';
import type { DeadLetter } from './dead-letters.js';
import { withDeadline } from './deadline.js';
import { actorError, crashed } from './errors.js';
import { type Exchange, MAIN } from './exchange.js';
import { type ClockBase, type Platform, portsRead } from './platform.js';
import type { RestartOptions } from './restart-policy.js';
import { type ActorSpec, fromResult, type LoadedActor, type ThreadLink } from './spec.js';
import type { ActorStatus } from './status.js';
import type { SystemNews, ThreadBlocked } from './system-events.js';
import { ThreadSlot } from './thread-slot.js';
import { ThreadVitals } from './vitals.js';
import { beatIntervalMs, nameOccupation, Watchdog, type WatchdogOptions } from './watchdog.js';
import { WorkerThread } from './worker-thread.js';

/** A thread that answers no health call for this long is shown with what was last known of it. */
const HEALTH_TIMEOUT_MS = 2_000;
/** Beyond its own deadline, how long a thread may take to say that an actor stopped before it is terminated. */
const STOP_GRACE_MS = 3_000;

export interface SupervisorOptions {
  /** Thread -> the actors on it. */
  readonly threads: ReadonlyMap<string, readonly ActorSpec[]>;
  readonly preload: string | null;
  readonly restart: RestartOptions;
  readonly watchdog: WatchdogOptions;
  /** Thread -> limits of its JavaScript engine. */
  readonly threadLimits: Readonly<Record<string, ResourceLimits>>;
  readonly clock: ClockBase;
  readonly onEscalation: (error: DoinError) => void;
  readonly log: (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #exchange: Exchange;
  readonly #platform: Platform;
  readonly #slots: readonly ThreadSlot[];
  readonly #watchdog: Watchdog;
  /** Event -> threads with listeners. */
  readonly #audiences = new Map<string, Set<string>>();
  readonly #cancelRestarts = new Set<() => void>();
  #trace: TraceFilter | null;
  #logLevel: string;
  #started = 0;
  #stopping = false;

  constructor(options: SupervisorOptions, exchange: Exchange, trace: TraceFilter | null, logLevel: string) {
    this.#options = options;
    this.#exchange = exchange;
    this.#platform = exchange.platform;
    this.#trace = trace;
    this.#logLevel = logLevel;
    const peers = options.threads.size + 1;
    this.#slots = [...options.threads].map(
      ([thread, actors]) => new ThreadSlot(thread, actors, options.restart, peers),
    );
    const watched = () => this.#slots.filter(({ state }) => state === 'running').map((slot) => slot.watched);
    this.#watchdog = new Watchdog(options.watchdog, this.#platform, watched, {
      blocked: (report) => this.#blocked(report),
      released: (thread, heldMs) =>
        options.log('warn', `thread ${thread} runs again after ${Math.round(heldMs)} ms`, { thread }),
      expired: (report) => this.#expired(report),
    });
  }

  /** Loads all threads, then starts all actors: nobody emits before everybody's events are known. */
  async start(): Promise<void> {
    const ports = this.#wireAll();
    for (const slot of this.#slots) this.#spawn(slot, ports.get(slot.thread) ?? []);
    const workers = this.#slots.flatMap((slot) => slot.worker ?? []);
    const loaded = await Promise.all(workers.map((worker) => worker.call((control) => control.load())));
    this.#slots.forEach((slot, index) => {
      const result = loaded[index];
      if (result !== undefined) this.#learn(slot, fromResult(result));
    });
    const audiences = this.#audienceList();
    await allOrCause(
      workers.map(async (worker) => fromResult(await worker.call((control) => control.start(audiences, false)))),
    );
    for (const slot of this.#slots) {
      // A thread may have ended after its actors had started and while others had not.
      if (slot.worker === null) throw crashed(slot.thread, new Error('its thread ended'));
      slot.state = 'running';
    }
    this.#watchdog.start();
  }

  /** Main begins or ends listening; threads that start later are told with the rest. */
  mainListens(event: string, on: boolean): void {
    const threads = this.#audience(event);
    if (on) threads.add(MAIN);
    else threads.delete(MAIN);
  }

  get threads(): readonly string[] {
    return this.#slots.map((slot) => slot.thread);
  }

  async status(): Promise<ActorStatus[]> {
    const all = await Promise.all(this.#slots.map((slot) => this.#slotStatus(slot)));
    return all.flat();
  }

  async inspect(role: string): Promise<unknown> {
    const slot = this.#slotOf(role);
    return (await slot?.worker?.call((control) => control.inspect(role))) ?? null;
  }

  async setTrace(filter: TraceFilter | null): Promise<void> {
    this.#trace = filter;
    await this.#everywhere((worker) => worker.call((control) => control.setTrace(filter)));
  }

  async setLogLevel(level: string): Promise<void> {
    this.#logLevel = level;
    await this.#everywhere((worker) => worker.call((control) => control.setLogLevel(level)));
  }

  /** Stops the actors one after another in this order, then ends the threads. */
  async stop(order: readonly string[], deadlineMs: number): Promise<void> {
    this.#stopping = true;
    this.#watchdog.stop();
    for (const cancel of this.#cancelRestarts) cancel();
    for (const role of order) await this.#stopActor(role, deadlineMs);
    for (const slot of this.#slots) slot.state = 'stopped';
    await Promise.all(this.#slots.map((slot) => slot.worker?.terminate()));
  }

  async #stopActor(role: string, deadlineMs: number): Promise<void> {
    const worker = this.#slotOf(role)?.worker;
    if (worker === undefined || worker === null) return;
    try {
      const stopping = worker.call((control) => control.stop(role, deadlineMs)).then(fromResult);
      const done = await withDeadline(this.#platform, deadlineMs + STOP_GRACE_MS, stopping);
      if (!done) this.#options.log('error', `${role} did not stop in time; its thread is terminated`, { role });
    } catch (error) {
      this.#options.log('error', `${role} did not stop cleanly: ${errorMessage(error)}`, { role });
    }
  }

  /** One channel for each pair of threads; main's ends are bound at once. */
  #wireAll(): Map<string, ThreadLink[]> {
    const ports = new Map<string, ThreadLink[]>();
    const give = (owner: string, thread: string, port: MessagePort): void => {
      if (owner === MAIN) this.#bind(thread, port);
      else ports.set(owner, [...(ports.get(owner) ?? []), { thread, port, vitals: this.#vitalsOf(thread) }]);
    };
    const names = this.#everyThread;
    names.forEach((first, index) => {
      for (const second of names.slice(index + 1)) {
        const { port1, port2 } = new MessageChannel();
        give(first, second, port1);
        give(second, first, port2);
      }
    });
    return ports;
  }

  #spawn(slot: ThreadSlot, links: readonly ThreadLink[]): WorkerThread {
    const { preload, clock, restart, watchdog, threadLimits } = this.#options;
    this.#started += 1;
    const boot = {
      thread: slot.thread,
      number: this.#started,
      links,
      threads: this.#everyThread,
      vitals: slot.vitals.buffer,
      beatIntervalMs: beatIntervalMs(watchdog),
      routes: this.#routes(),
      actors: slot.actors,
      preload,
      clock,
      restart,
      logLevel: this.#logLevel,
      trace: this.#trace,
    };
    const worker = new WorkerThread(boot, threadLimits[slot.thread] ?? {});
    slot.worker = worker;
    void worker.ended.then((reason) => this.#ended(slot, worker, reason));
    return worker;
  }

  #ended(slot: ThreadSlot, worker: WorkerThread, reason: string): void {
    if (slot.worker !== worker) return;
    slot.worker = null;
    const culprit = nameOccupation(slot.watched.actors, slot.vitals.occupations()[0]);
    this.#reportDead(slot.bury(this.#platform.now()));
    // Before the first start is complete, start() itself fails with this reason.
    if (this.#stopping || slot.state === 'starting') return;
    slot.state = 'restarting';
    const { thread } = slot;
    for (const { role: actor } of slot.actors) {
      const kind = culprit.actor === actor ? culprit.kind : null;
      this.#tellAll({ event: 'actorCrashed', payload: { actor, thread, reason, kind } });
    }
    this.#options.log('error', `thread ${thread} ended: ${reason}`, { thread });
    const fraction = (this.#platform.randomBytes(1)[0] ?? 0) / 256;
    const delayMs = slot.policy.crashed(this.#platform.monotonic(), fraction);
    if (delayMs === null) {
      this.#giveUp(slot, reason);
      return;
    }
    slot.restarts += 1;
    const cancel = this.#platform.setTimer(delayMs, () => {
      this.#cancelRestarts.delete(cancel);
      this.#respawn(slot).catch((error) => {
        if (this.#stopping) return;
        // A thread that ends again reports so itself; everything else, a module that no longer loads, ends it.
        this.#options.log('error', `thread ${thread} could not start again: ${errorMessage(error)}`, { thread });
        void slot.worker?.terminate();
      });
    });
    this.#cancelRestarts.add(cancel);
  }

  async #respawn(slot: ThreadSlot): Promise<void> {
    const links: ThreadLink[] = [];
    const { buffer } = slot.vitals;
    for (const other of this.#everyThread) {
      const peer = this.#slots.find(({ thread }) => thread === other)?.worker ?? null;
      if (other === slot.thread || (other !== MAIN && peer === null)) continue;
      const { port1, port2 } = new MessageChannel();
      links.push({ thread: other, port: port1, vitals: this.#vitalsOf(other) });
      if (peer === null) this.#bind(slot.thread, port2);
      else this.#tell(peer, (control) => control.relink(slot.thread, handOver(port2), buffer));
    }
    const worker = this.#spawn(slot, links);
    const loaded = fromResult(await worker.call((control) => control.load()));
    this.#learn(slot, loaded);
    fromResult(await worker.call((control) => control.start(this.#audienceList(), true)));
    slot.state = 'running';
  }

  #giveUp(slot: ThreadSlot, reason: string): void {
    slot.state = 'stopped';
    for (const { role: actor } of slot.actors) {
      this.#tellAll({ event: 'actorStopped', payload: { actor, thread: slot.thread, cause: 'exhausted' } });
    }
    this.#exchange.unlink(slot.thread);
    for (const other of this.#slots) {
      if (other.worker !== null) this.#tell(other.worker, (control) => control.unlink(slot.thread));
    }
    const { restarts, thread } = slot;
    const message = `thread ${thread} ended again after ${restarts} restarts: ${reason}`;
    this.#options.onEscalation(
      actorError({ code: 'actor-restarts-exhausted', actor: thread, restarts, reason }, message),
    );
  }

  /** A call whose answer nobody waits for; the thread may end before it, and then hears of the change at its restart. */
  #tell(worker: WorkerThread, run: Parameters<WorkerThread['call']>[0]): void {
    worker.call(run).catch((error) => {
      this.#options.log('warn', `thread ${worker.thread} missed a control call: ${errorMessage(error)}`, {});
    });
  }

  async #everywhere(run: (worker: WorkerThread) => Promise<unknown>): Promise<void> {
    await Promise.all(this.#slots.flatMap((slot) => (slot.worker === null ? [] : [run(slot.worker)])));
  }

  async #slotStatus(slot: ThreadSlot): Promise<ActorStatus[]> {
    if (slot.worker !== null) {
      const asked = slot.worker
        .call((control) => control.health())
        .then(
          (status) => {
            slot.lastStatus = status;
          },
          // The worker ended meanwhile; the state of the slot says so below.
          () => undefined,
        );
      await withDeadline(this.#platform, HEALTH_TIMEOUT_MS, asked);
    }
    return slot.status();
  }

  #blocked(report: ThreadBlocked): void {
    const { thread, heldMs } = report;
    const slot = this.#slots.find((one) => one.thread === thread);
    if (slot !== undefined) slot.blocked += 1;
    const message = `thread ${thread} has not come back for ${heldMs} ms: ${holder(report)} holds its event loop`;
    this.#options.log('warn', message, { ...report });
    this.#tellAll({ event: 'threadBlocked', payload: report });
  }

  #expired(report: ThreadBlocked): void {
    const reason = `${holder(report)} held its event loop for ${report.heldMs} ms`;
    const worker = this.#slots.find((one) => one.thread === report.thread)?.worker;
    worker?.kill(reason).catch((error) => {
      this.#options.log('error', `thread ${report.thread} could not be ended: ${errorMessage(error)}`, {});
    });
  }

  #tellAll(news: SystemNews): void {
    this.#exchange.report('news', news);
  }

  #reportDead(letters: readonly DeadLetter[]): void {
    const count = letters.reduce((sum, letter) => sum + letter.count, 0);
    if (count > 0) this.#exchange.report('dead-letters', { count, letters });
  }

  get #everyThread(): readonly string[] {
    return [MAIN, ...this.threads];
  }

  #vitalsOf(thread: string): SharedArrayBuffer | null {
    return this.#slots.find((slot) => slot.thread === thread)?.vitals.buffer ?? null;
  }

  /** Main's end of a link to a thread, which counts what main sends in the vitals of its present life. */
  #bind(thread: string, port: MessagePort): void {
    const buffer = this.#vitalsOf(thread);
    const own = this.#everyThread.indexOf(MAIN);
    const vitals = buffer === null ? null : new ThreadVitals(buffer);
    this.#exchange.link(thread).bind(port, vitals === null ? null : () => vitals.received(own));
  }

  #learn(slot: ThreadSlot, loaded: readonly LoadedActor[]): void {
    slot.learn(loaded);
    const { thread } = slot;
    for (const { listensTo } of loaded) {
      for (const event of listensTo) {
        this.#audience(event).add(thread);
        this.#exchange.listenRemote(event, thread);
      }
    }
  }

  #audience(event: string): Set<string> {
    const threads = this.#audiences.get(event) ?? new Set();
    this.#audiences.set(event, threads);
    return threads;
  }

  #audienceList(): [string, string[]][] {
    return [...this.#audiences].map(([event, threads]) => [event, [...threads]]);
  }

  #routes(): [string, string][] {
    const routes = this.#slots.flatMap((slot) => slot.actors.map(({ role }): [string, string] => [role, slot.thread]));
    return [...routes, [MAIN, MAIN]];
  }

  #slotOf(role: string): ThreadSlot | undefined {
    return this.#slots.find((slot) => slot.actors.some((actor) => actor.role === role));
  }
}

/** All of them, or the error that began it: an actor that needs another one in its start fails with it. */
async function allOrCause(starts: readonly Promise<unknown>[]): Promise<void> {
  const errors: unknown[] = [];
  for (const start of starts) start.catch((error) => errors.push(error));
  try {
    await Promise.all(starts);
  } catch (first) {
    await portsRead();
    throw errors.find((error) => !isDoinError(error, 'actor-stopped')) ?? first;
  }
}

function holder({ actor, kind, messageId }: ThreadBlocked): string {
  if (actor === null) return 'code outside all handlers';
  return kind === 'timer' ? `a timer of ${actor}` : `${actor}, with message ${messageId} "${kind}",`;
}

/**
 * One actor on its thread: takes messages from the mailbox, runs the handlers, answers asks, restarts after a crash,
 * drains and stops. The only place where a behaviour's code is called.
 */
import { type DoinError, errorMessage, isDoinError } from '../errors.js';
import { traceRecord } from '../trace/record.js';
import type { ActorDefinition, AnyProtocol, Behaviour, Envelope, Logger } from './actor.js';
import { Life } from './context.js';
import { withDeadline } from './deadline.js';
import { actorError, crashed, startFailed, stopped, toWireError } from './errors.js';
import type { Exchange, Receiver } from './exchange.js';
import { KindQueue, Mailbox } from './mailbox.js';
import { type RestartOptions, RestartPolicy } from './restart-policy.js';
import type { ActorState, ActorStatus } from './status.js';
import { runInStory } from './story.js';

type AnyBehaviour = Behaviour<AnyProtocol, []>;
type Handler = (payload: unknown, envelope: Envelope) => unknown;

/** Time a crashed actor's `stop` may take to close files and ports before its successor starts. */
const CLOSE_AFTER_CRASH_MS = 5_000;
/** Time `stop` has even when draining used up the deadline: unflushed stores are worse than a late end. */
const LEAST_CLOSE_MS = 1_000;

export interface CellOptions {
  readonly definition: ActorDefinition;
  readonly options: unknown;
  readonly exchange: Exchange;
  readonly log: Logger;
  readonly restart: RestartOptions;
  readonly isTraced: (role: string, kind: string) => boolean;
}

/** One life and what its start gave. */
interface Instance {
  readonly life: Life;
  readonly behaviour: AnyBehaviour;
  readonly handlers: ReadonlyMap<string, Handler>;
}

export class ActorCell implements Receiver {
  readonly role: string;
  readonly #options: CellOptions;
  readonly #exchange: Exchange;
  readonly #log: Logger;
  readonly #mailbox = new Mailbox();
  readonly #queues = new Map<string, KindQueue>();
  readonly #policy: RestartPolicy;
  /** Asks whose handlers run now. */
  readonly #answering = new Set<Envelope>();
  #state: ActorState = 'starting';
  #life: Life | null = null;
  #instance: Instance | null = null;
  #starting: Promise<void> = Promise.resolve();
  #cancelRestart: () => void = () => undefined;
  /** A handler that later messages must wait for is running. */
  #busy = false;
  #concurrent = 0;
  #scheduled = false;
  #onIdle: (() => void) | null = null;
  #handled = 0;
  #restarts = 0;
  #deadLetters = 0;

  constructor(options: CellOptions) {
    const { definition, exchange } = options;
    this.role = definition.role;
    this.#options = options;
    this.#exchange = exchange;
    this.#log = options.log;
    this.#policy = new RestartPolicy(options.restart);
    for (const { type, kind, options: bounds } of Object.values(definition.protocol)) {
      if (type !== 'event') this.#queues.set(kind, new KindQueue(kind, bounds));
    }
    for (const event of definition.listensTo) {
      this.#queues.set(event.name, new KindQueue(event.name, event.options));
      exchange.listen(event.name, this.role);
    }
    this.updateTrace();
    exchange.addReceiver(this);
  }

  /** The first start: its error is the caller's, who stops the whole system. */
  async start(): Promise<void> {
    this.#starting = this.#live();
    await this.#starting;
  }

  /** A start on a restarted thread: an error counts as one more crash. */
  resume(): void {
    this.#state = 'restarting';
    this.#restart(0);
  }

  deliver(envelope: Envelope): void {
    if (this.#state === 'stopped' || this.#state === 'stopping') {
      this.#refuse(envelope);
      return;
    }
    const queue = this.#queues.get(envelope.kind);
    if (queue === undefined) {
      this.#refuse(envelope);
      return;
    }
    const victim = this.#mailbox.put(envelope, queue);
    if (victim?.type === 'ask') {
      const { kind, capacity } = queue;
      const message = `the mailbox of ${this.role} is full: ${capacity} messages "${kind}" wait; ask again later`;
      this.#exchange.fail(victim, actorError({ code: 'mailbox-full', actor: this.role, kind, capacity }, message));
    }
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#exchange.platform.defer(this.#workScheduled);
  }

  work(): void {
    const instance = this.#instance;
    while (!this.#busy && instance !== null && instance === this.#instance) {
      const next = this.#mailbox.take();
      if (next === null) break;
      this.#handle(instance, next.envelope, next.queue);
    }
    if (this.#onIdle !== null && this.#isIdle()) this.#onIdle();
  }

  deadLetter(): void {
    this.#deadLetters += 1;
  }

  updateTrace(): void {
    for (const queue of this.#queues.values()) queue.traced = this.#options.isTraced(this.role, queue.kind);
  }

  status(eventLoopP99Ms: number): ActorStatus {
    const dropped: Record<string, number> = {};
    let overflowed = 0;
    for (const queue of this.#queues.values()) {
      if (queue.dropped > 0) dropped[queue.kind] = queue.dropped;
      overflowed += queue.overflowed;
    }
    return {
      name: this.role,
      thread: this.#exchange.thread,
      state: this.#state,
      mailbox_depth: this.#mailbox.depth,
      restarts: this.#restarts,
      handled: this.#handled,
      dropped,
      overflowed,
      dead_letters: this.#deadLetters,
      event_loop_p99_ms: eventLoopP99Ms,
    };
  }

  inspect(): unknown {
    return this.#instance?.behaviour.inspect?.() ?? null;
  }

  /** Takes no new messages, works off those it has until the deadline, then lets the behaviour close what it opened. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#state === 'stopped' || this.#state === 'stopping') return;
    this.#state = 'stopping';
    this.#cancelRestart();
    this.#life?.abort();
    const { platform } = this.#exchange;
    const endsAt = platform.monotonic() + deadlineMs;
    // A start that fails now has failed for its own caller; here it only matters that it is over.
    await withDeadline(
      platform,
      deadlineMs,
      this.#starting.catch(() => undefined),
    );
    await withDeadline(platform, endsAt - platform.monotonic(), this.#drained());
    this.#abandonMailbox();
    const instance = this.#instance;
    this.#instance = null;
    this.#life?.cancelTimers();
    try {
      const leftMs = Math.max(LEAST_CLOSE_MS, endsAt - platform.monotonic());
      const closed = instance === null || (await withDeadline(platform, leftMs, instance.behaviour.stop?.()));
      if (!closed) this.#log.error('the actor did not close in time', { waited_ms: leftMs });
    } finally {
      this.#life?.end();
      this.#state = 'stopped';
    }
  }

  readonly #workScheduled = (): void => {
    this.#scheduled = false;
    this.work();
  };

  async #live(): Promise<void> {
    const { definition, options } = this.#options;
    const life = new Life(this.role, this.#exchange, this.#log, {
      failed: (error) => this.#crash(life, error),
      deadLetter: () => this.deadLetter(),
    });
    this.#life = life;
    let behaviour: AnyBehaviour;
    try {
      behaviour = (await definition.start(life.context, options)) as AnyBehaviour;
    } catch (error) {
      // A timer may have crashed this life already; then its restart is under way and this error is one with it.
      if (life.ended) return this.#log.error('start failed after a crash', { error });
      life.end();
      throw startFailed(this.role, error);
    }
    const instance = { life, behaviour, handlers: bindHandlers(behaviour) };
    // A timer set by start may have crashed the life before start was done: then there is nothing to run.
    if (life.ended) return this.#close(instance);
    this.#instance = instance;
    if (this.#state !== 'stopping') this.#state = 'running';
    this.work();
  }

  #handle(instance: Instance, envelope: Envelope, queue: KindQueue): void {
    const { platform } = this.#exchange;
    if (envelope.deadline !== undefined && envelope.deadline < platform.stamp()) {
      this.deadLetter();
      return;
    }
    const handler = instance.handlers.get(envelope.kind);
    if (handler === undefined) {
      this.#refuse(envelope);
      return;
    }
    const startedAt = queue.traced ? platform.stamp() : 0;
    if (envelope.type === 'ask') this.#answering.add(envelope);
    try {
      instance.life.messages.next(envelope);
      const result = runInStory(envelope, handler, envelope.payload, envelope);
      if (result instanceof Promise) this.#await(instance, envelope, queue, startedAt, result);
      else this.#finish(instance, envelope, queue, startedAt, result);
    } catch (error) {
      this.#fail(instance, envelope, queue, startedAt, error);
    }
  }

  #await(instance: Instance, envelope: Envelope, queue: KindQueue, startedAt: number, result: Promise<unknown>): void {
    if (queue.concurrent) {
      queue.active += 1;
      this.#concurrent += 1;
    } else {
      this.#busy = true;
    }
    const settled = (): boolean => {
      if (queue.concurrent) {
        queue.active -= 1;
        this.#concurrent -= 1;
      } else if (instance === this.#instance) {
        this.#busy = false;
      }
      return instance === this.#instance;
    };
    result
      .then(
        (value) => {
          if (settled()) this.#finish(instance, envelope, queue, startedAt, value);
        },
        (error) => {
          if (settled()) this.#fail(instance, envelope, queue, startedAt, error);
        },
      )
      .catch((error) => this.#crash(instance.life, error, envelope))
      .finally(() => this.work());
  }

  /** Throws when a reply is not plain data: the actor's mistake, like any other. */
  #finish(instance: Instance, envelope: Envelope, queue: KindQueue, startedAt: number, value: unknown): void {
    this.#handled += 1;
    if (queue.traced && instance === this.#instance) this.#trace(envelope, startedAt, 'ok');
    if (envelope.type !== 'ask') return;
    this.#exchange.reply(envelope, value);
    this.#answering.delete(envelope);
  }

  /** A typed error is an answer; anything else thrown is a crash. */
  #fail(instance: Instance, envelope: Envelope, queue: KindQueue, startedAt: number, error: unknown): void {
    const outcome = isDoinError(error) ? error.code : 'crashed';
    if (queue.traced) this.#trace(envelope, startedAt, outcome);
    if (!isDoinError(error)) {
      this.#crash(instance.life, error, envelope);
      return;
    }
    this.#handled += 1;
    this.#answering.delete(envelope);
    if (envelope.type === 'ask') this.#exchange.fail(envelope, error);
    else this.#log.warn(`${envelope.kind} from ${envelope.from} failed: ${error.message}`, { code: error.code });
  }

  #crash(life: Life, error: unknown, envelope?: Envelope): void {
    if (life !== this.#life || life.ended) return;
    const instance = this.#instance;
    this.#instance = null;
    this.#busy = false;
    life.end();
    const handling = envelope === undefined ? 'a timer' : `${envelope.kind} from ${envelope.from}`;
    this.#log.error(`crashed on ${handling}`, { error });
    const failure = crashed(this.role, error);
    const asks = [...this.#answering, ...this.#mailbox.remove('asks')];
    this.#answering.clear();
    for (const ask of asks) this.#exchange.fail(ask, failure);
    const closed = instance === null ? this.#starting.catch(() => undefined) : this.#close(instance);
    if (this.#state === 'stopping') {
      this.#onIdle?.();
      return;
    }
    this.#state = 'restarting';
    this.#afterCrash(error, closed);
  }

  #afterCrash(error: unknown, closed: Promise<void>): void {
    const { platform } = this.#exchange;
    const fraction = (platform.randomBytes(1)[0] ?? 0) / 256;
    const delayMs = this.#policy.crashed(platform.monotonic(), fraction);
    if (delayMs === null) {
      this.#giveUp(error);
      return;
    }
    this.#restarts += 1;
    void closed.then(() => {
      if (this.#state === 'restarting') this.#restart(delayMs);
    });
  }

  #restart(delayMs: number): void {
    this.#cancelRestart = this.#exchange.platform.setTimer(delayMs, () => {
      this.#starting = this.#live().catch((error) => {
        this.#log.error('could not start again', { error });
        if (this.#state === 'restarting') this.#afterCrash(error, Promise.resolve());
      });
    });
  }

  #giveUp(error: unknown): void {
    this.#state = 'stopped';
    this.#abandonMailbox();
    const reason = errorMessage(error);
    const restarts = this.#restarts;
    const data = { code: 'actor-restarts-exhausted', actor: this.role, restarts, reason } as const;
    const escalation = actorError(data, `actor ${this.role} crashed again after ${restarts} restarts: ${reason}`);
    this.#exchange.report('escalation', toWireError(escalation));
  }

  /** Lets a crashed life close its files and ports, or its successor finds them in use. */
  async #close(instance: Instance): Promise<void> {
    try {
      await withDeadline(this.#exchange.platform, CLOSE_AFTER_CRASH_MS, instance.behaviour.stop?.());
    } catch (error) {
      this.#log.error('stop failed after a crash', { error });
    }
  }

  #abandonMailbox(): void {
    for (const envelope of [...this.#answering, ...this.#mailbox.remove('all')]) this.#refuse(envelope);
    this.#answering.clear();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#isIdle()) resolve();
    });
  }

  #isIdle(): boolean {
    return this.#instance === null || (this.#mailbox.depth === 0 && !this.#busy && this.#concurrent === 0);
  }

  #refuse(envelope: Envelope): void {
    if (envelope.type !== 'ask') {
      this.deadLetter();
      return;
    }
    this.#exchange.fail(envelope, this.#refusal(envelope.kind));
  }

  #refusal(kind: string): DoinError {
    if (this.#queues.has(kind)) return stopped(this.role);
    const message = `actor ${this.role} has no message "${kind}"`;
    return actorError({ code: 'no-such-kind', actor: this.role, kind }, message);
  }

  #trace(envelope: Envelope, startedAt: number, outcome: string): void {
    const record = traceRecord(envelope, this.role, startedAt, this.#exchange.platform.stamp(), outcome);
    this.#exchange.report('trace', record);
  }
}

function bindHandlers(behaviour: AnyBehaviour): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const group of [behaviour.handlers, behaviour.events] as unknown as Record<string, Handler>[]) {
    for (const [kind, handler] of Object.entries(group)) handlers.set(kind, handler.bind(group));
  }
  return handlers;
}

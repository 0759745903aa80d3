/**
 * One actor on its thread: takes messages from the mailbox, runs the handlers, answers asks. The only place where a
 * behaviour's handlers are called. When a life of the actor begins and ends is the lifecycle's business.
 */
import { type DoinError, isDoinError } from '../errors.js';
import type { Tracer } from '../trace/recorder.js';
import type { Envelope, Logger } from './actor.js';
import { type DeadLetterReason, deadLetter } from './dead-letters.js';
import { actorError, stopped } from './errors.js';
import type { Exchange, Receiver } from './exchange.js';
import { InHand, type Taken } from './in-hand.js';
import { type Instance, Lifecycle, type LifecycleOptions } from './lifecycle.js';
import { KindQueue, Mailbox } from './mailbox.js';
import type { Message } from './message.js';
import { ActorMetrics } from './metrics.js';
import type { ActorStatus } from './status.js';
import { currentStory, runInStory } from './story.js';
import type { SystemNews } from './system-events.js';
import { type ActorVitals, type KindName, ThreadVitals } from './vitals.js';

export interface CellOptions extends LifecycleOptions {
  /** Where main reads what the actor is doing; left out where nobody reads it. */
  readonly vitals?: ActorVitals;
  readonly tracer: Tracer;
}

export class ActorCell implements Receiver {
  readonly role: string;
  readonly #options: CellOptions;
  readonly #exchange: Exchange;
  readonly #log: Logger;
  readonly #mailbox = new Mailbox();
  readonly #metrics = new ActorMetrics();
  readonly #queues = new Map<string, KindQueue>();
  readonly #lifecycle: Lifecycle;
  readonly #inHand = new InHand();
  readonly #vitals: ActorVitals;
  /** A handler that later messages must wait for is running. */
  #busy = false;
  #concurrent = 0;
  #scheduled = false;
  #onIdle: (() => void) | null = null;

  constructor(options: CellOptions) {
    const { definition, exchange } = options;
    this.role = definition.role;
    this.#options = options;
    this.#exchange = exchange;
    this.#log = options.log;
    this.#vitals = options.vitals ?? ThreadVitals.create(1, 0).actor(0);
    this.#lifecycle = new Lifecycle(options, {
      began: () => this.work(),
      crashed: (failure, culprit) => this.#crashed(failure, culprit),
      abandoned: (reason) => this.abandon(reason),
      drained: () => this.#drained(),
      restarting: () => {
        this.#vitals.restarts += 1;
        return this.#vitals.restarts;
      },
      timer: (runs) => (runs ? this.#vitals.begin(-1, currentStory()?.id ?? 0) : this.#vitals.end()),
    });
    for (const { type, kind, options: bounds } of Object.values(definition.protocol)) {
      if (type !== 'event') this.#queues.set(kind, new KindQueue(kind, bounds));
    }
    for (const event of definition.listensTo) {
      this.#queues.set(event.name, new KindQueue(event.name, event.options));
      exchange.listen(event.name, this.role);
    }
    [...this.#queues.values()].forEach((queue, index) => {
      queue.index = index;
    });
    this.updateTrace();
    exchange.addReceiver(this);
  }

  /** Names of the messages it takes; a kind's place is its `index` in the vitals. */
  get kinds(): readonly KindName[] {
    return [...this.#queues.keys()].map((kind) => ({
      kind,
      ask: this.#options.definition.protocol[kind]?.type === 'ask',
    }));
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  resume(): void {
    this.#lifecycle.resume();
  }

  stop(deadlineMs: number): Promise<void> {
    return this.#lifecycle.stop(deadlineMs);
  }

  deliver(envelope: Envelope): void {
    const queue = this.#queues.get(envelope.kind);
    if (queue === undefined || this.#lifecycle.closed) {
      this.#refuse(envelope, queue === undefined ? 'unknown-receiver' : 'stopped');
      return;
    }
    const victim = this.#mailbox.put(envelope, queue);
    if (envelope.type !== 'ask') this.#vitals.open += 1;
    if (victim !== null) {
      this.#vitals.countDrop(queue.index);
      this.#settle(victim);
    }
    if (victim?.type === 'ask') {
      const { kind, capacity } = queue;
      const message = `the mailbox of ${this.role} is full: ${capacity} messages "${kind}" wait; ask again later`;
      this.#exchange.fail(victim, actorError({ code: 'mailbox-full', actor: this.role, kind, capacity }, message));
    }
  }

  accept(message: Message): void {
    const { instance } = this.#lifecycle;
    const queue = this.#queues.get(message.kind);
    if (instance !== null && queue !== undefined && this.#takesAtOnce(queue)) {
      message.settle();
      if (message.type !== 'ask') this.#vitals.open += 1;
      this.#handle(instance, message, queue);
    } else {
      this.deliver(message);
      message.settle();
    }
    this.work();
  }

  /** Nothing is before it, nothing has to end before it begins. */
  #takesAtOnce(queue: KindQueue): boolean {
    if (this.#busy || this.#lifecycle.closed || !queue.hasRoom) return false;
    return this.#mailbox.depth + this.#inHand.waiting === 0;
  }

  hasRoom(kind: string): boolean {
    return this.#queues.get(kind)?.hasRoom ?? true;
  }

  whenRoom(kind: string): Promise<void> {
    return this.#queues.get(kind)?.whenRoom() ?? Promise.resolve();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#exchange.platform.defer(this.#workScheduled);
  }

  work(): void {
    const lifecycle = this.#lifecycle;
    const { instance } = lifecycle;
    while (!this.#busy && instance !== null && instance === lifecycle.instance) {
      const next = this.#inHand.takeAgain() ?? this.#mailbox.take();
      if (next === null) break;
      this.#handle(instance, next.envelope, next.queue);
    }
    if (this.#onIdle !== null && this.#isIdle()) this.#onIdle();
  }

  deadLetter(count = 1): void {
    this.#vitals.deadLetters += count;
  }

  updateTrace(): void {
    for (const queue of this.#queues.values()) queue.traced = this.#options.tracer.isTraced(this.role, queue.kind);
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
      state: this.#lifecycle.state,
      mailbox_depth: this.#mailbox.depth + this.#inHand.waiting,
      restarts: this.#vitals.restarts,
      handled: this.#vitals.handled,
      dropped,
      overflowed,
      dead_letters: this.#vitals.deadLetters,
      quarantined: this.#vitals.quarantined,
      blocked: 0,
      event_loop_p99_ms: eventLoopP99Ms,
      times: this.#metrics.status(),
      load: null,
    };
  }

  inspect(): unknown {
    return this.#lifecycle.instance?.behaviour.inspect?.() ?? null;
  }

  readonly #workScheduled = (): void => {
    this.#scheduled = false;
    this.work();
  };

  #handle(instance: Instance, envelope: Envelope, queue: KindQueue): void {
    const { platform } = this.#exchange;
    if (envelope.deadline !== undefined && envelope.deadline < platform.stamp()) {
      this.#discard(envelope, 'expired');
      return;
    }
    const handler = instance.handlers.get(envelope.kind);
    if (handler === undefined) {
      this.#settle(envelope);
      this.#refuse(envelope, 'unknown-receiver');
      return;
    }
    const isTimed = this.#metrics.due() || (queue.traced && this.#options.tracer.hasRoom());
    const startedAt = isTimed ? platform.stamp() : 0;
    this.#vitals.begin(queue.index, envelope.id);
    try {
      if (instance.life.messages.observed) instance.life.messages.next(envelope);
      const result = runInStory(envelope, handler, envelope.payload, envelope);
      this.#vitals.end();
      if (result instanceof Promise) this.#await(instance, envelope, queue, startedAt, result);
      else this.#finish(instance, envelope, queue, startedAt, result);
    } catch (error) {
      this.#vitals.end();
      this.#fail(instance, envelope, queue, startedAt, error);
    }
  }

  #await(instance: Instance, envelope: Envelope, queue: KindQueue, startedAt: number, result: Promise<unknown>): void {
    this.#inHand.add(envelope, queue);
    if (queue.concurrent) {
      queue.active += 1;
      this.#concurrent += 1;
    } else {
      this.#busy = true;
      this.#vitals.suspend(queue.index, envelope.id);
    }
    const settled = (): boolean => {
      // The crash of its life has settled everything that was in hand.
      if (instance !== this.#lifecycle.instance) return false;
      this.#inHand.delete(envelope);
      if (queue.concurrent) {
        queue.active -= 1;
        this.#concurrent -= 1;
      } else {
        this.#busy = false;
        this.#vitals.resume();
      }
      return true;
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
      .catch((error) => this.#lifecycle.crash(instance.life, error, { envelope, queue }))
      .finally(() => this.work());
  }

  /** Throws when a reply is not plain data: the actor's mistake, like any other. */
  #finish(instance: Instance, envelope: Envelope, queue: KindQueue, startedAt: number, value: unknown): void {
    if (envelope.type === 'ask') this.#exchange.reply(envelope, value);
    this.#vitals.handled += 1;
    this.#settle(envelope);
    if (startedAt > 0 && instance === this.#lifecycle.instance) this.#measure(envelope, queue, startedAt, 'ok');
  }

  /** A typed error is an answer; anything else thrown is a crash. */
  #fail(instance: Instance, envelope: Envelope, queue: KindQueue, startedAt: number, error: unknown): void {
    const outcome = isDoinError(error) ? error.code : 'crashed';
    if (startedAt > 0) this.#measure(envelope, queue, startedAt, outcome);
    if (!isDoinError(error)) {
      this.#lifecycle.crash(instance.life, error, { envelope, queue });
      return;
    }
    this.#vitals.handled += 1;
    this.#settle(envelope);
    if (envelope.type === 'ask') this.#exchange.fail(envelope, error);
    else this.#log.warn(`${envelope.kind} from ${envelope.from} failed: ${error.message}`, { code: error.code });
  }

  #crashed(failure: DoinError, culprit: Taken | undefined): void {
    this.#busy = false;
    this.#vitals.resume();
    this.#concurrent = 0;
    for (const queue of this.#queues.values()) queue.active = 0;
    const { asks, poison, interrupted } = this.#inHand.crash(culprit ?? this.#inHand.find(currentStory()?.id));
    for (const ask of [...asks, ...this.#mailbox.remove('asks')]) this.#exchange.fail(ask, failure);
    for (const envelope of interrupted) this.#discard(envelope, 'interrupted');
    if (poison !== null) this.#quarantine(poison, failure);
    this.#onIdle?.();
  }

  #quarantine(envelope: Envelope, failure: DoinError): void {
    const { from, kind, id, traceId } = envelope;
    const reason = failure.message;
    this.#vitals.quarantined += 1;
    this.#discard(envelope, 'poison');
    this.#log.error(`${kind} from ${from} crashed the actor twice and is set aside`, { id, traceId });
    const payload = { actor: this.role, from, kind, id, traceId, reason };
    this.#exchange.report('news', { event: 'messageQuarantined', payload } satisfies SystemNews);
  }

  /** Nothing that waits or is in hand will be handled. Asks of a thread that ends fail by the loss of its ports. */
  abandon(reason: DeadLetterReason): void {
    for (const envelope of [...this.#inHand.clear(), ...this.#mailbox.remove('all')]) {
      this.#settle(envelope);
      if (envelope.type !== 'ask' || reason !== 'thread-ended') this.#refuse(envelope, reason);
    }
  }

  #discard(envelope: Envelope, reason: DeadLetterReason): void {
    this.#settle(envelope);
    this.#exchange.deadLetter(this.role, deadLetter(envelope, reason, this.#exchange.platform.now()));
  }

  /** What is settled need not be accounted for when the thread ends. */
  #settle(envelope: Envelope): void {
    if (envelope.type !== 'ask') this.#vitals.open -= 1;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#isIdle()) resolve();
    });
  }

  #isIdle(): boolean {
    if (this.#lifecycle.instance === null) return true;
    return this.#mailbox.depth + this.#inHand.waiting + this.#concurrent === 0 && !this.#busy;
  }

  #refuse(envelope: Envelope, reason: DeadLetterReason): void {
    if (envelope.type === 'ask') this.#exchange.fail(envelope, this.#refusal(envelope.kind));
    else this.#exchange.deadLetter(this.role, deadLetter(envelope, reason, this.#exchange.platform.now()));
  }

  #refusal(kind: string): DoinError {
    if (this.#queues.has(kind)) return stopped(this.role);
    const message = `actor ${this.role} has no message "${kind}"`;
    return actorError({ code: 'no-such-kind', actor: this.role, kind }, message);
  }

  #measure(envelope: Envelope, queue: KindQueue, startedAt: number, outcome: string): void {
    const endedAt = this.#exchange.platform.stamp();
    this.#metrics.record(envelope.sentAt, startedAt, endedAt);
    if (queue.traced) this.#options.tracer.record(envelope, this.role, startedAt, endedAt, outcome);
  }
}

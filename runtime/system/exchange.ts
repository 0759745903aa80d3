/**
 * The hub of one thread: knows which thread every role lives on, and carries messages between the actors here and
 * over the links to the others. Main has one too, so that it is an endpoint like any other.
 */
import type { DoinError } from '../errors.js';
import type { Envelope, SendOptions } from './actor.js';
import { AskTable } from './asks.js';
import { actorError, crashed, fromWireError, stopped, toWireError, type WireError } from './errors.js';
import { isolate } from './isolate.js';
import { PortLink } from './link.js';
import type { Platform } from './platform.js';
import type { AnyReference } from './protocol.js';
import { currentStory, traceIdSource } from './story.js';
import {
  dispatchItem,
  failureItem,
  type Item,
  type ItemHandler,
  messageItem,
  type ReportTopic,
  replyItem,
  reportItem,
} from './wire.js';

/** Name of the main thread, and of the role that it sends and listens under. */
export const MAIN = 'main';

const DEFAULT_ASK_TIMEOUT_MS = 10_000;

/** Threads get numbers below this; ids are `count * THREADS + number`, unique in the process and over restarts. */
const THREADS = 1024;

/** Something on this thread that has a role and takes messages. */
export interface Receiver {
  readonly role: string;
  deliver(envelope: Envelope): void;
  /** Works on what was delivered: at once, between two messages of a batch from another thread... */
  work(): void;
  /** ...or after the handler that is sending now. */
  schedule(): void;
  /** Counts a message of this role, or for it, that reached nobody. */
  deadLetter(): void;
}

export interface ExchangeOptions {
  readonly thread: string;
  /** Different for each thread ever started in this process, modulo 1024. */
  readonly number: number;
  readonly platform: Platform;
  /** Role -> thread, for all roles of the system. */
  readonly routes: ReadonlyMap<string, string>;
  readonly onReport: (topic: ReportTopic, value: unknown) => void;
}

/** Who listens to one event: roles here, and threads that have listeners of their own. */
interface Audience {
  readonly roles: Set<string>;
  readonly threads: Set<string>;
}

type References = Pick<AnyReference, 'role' | 'kind' | 'name' | 'options'>;

export class Exchange {
  readonly thread: string;
  readonly platform: Platform;
  readonly newTraceId: () => string;
  readonly #number: number;
  readonly #routes: ReadonlyMap<string, string>;
  readonly #asks: AskTable;
  readonly #receivers = new Map<string, Receiver>();
  readonly #links = new Map<string, PortLink>();
  readonly #audiences = new Map<string, Audience>();
  readonly #onReport: ExchangeOptions['onReport'];
  #count = 0;

  constructor(options: ExchangeOptions) {
    this.thread = options.thread;
    this.platform = options.platform;
    this.newTraceId = traceIdSource(options.platform);
    this.#number = options.number % THREADS;
    this.#routes = options.routes;
    this.#asks = new AskTable(options.platform);
    this.#onReport = options.onReport;
  }

  addReceiver(receiver: Receiver): void {
    this.#receivers.set(receiver.role, receiver);
  }

  /** The link to a thread; made at its first mention, so that messages can wait for the port. */
  link(thread: string): PortLink {
    const known = this.#links.get(thread);
    if (known !== undefined) return known;
    const handler = this.#handlerFor(thread);
    const link = new PortLink(thread, {
      item: (item) => dispatchItem(item, handler),
      lost: () => this.#asks.rejectThread(thread, (actor) => crashed(actor, 'its thread ended')),
    });
    this.#links.set(thread, link);
    return link;
  }

  /** A thread is gone for good: its asks fail, and messages to it are dead letters from now on. */
  unlink(thread: string): void {
    this.link(thread).close();
    this.#asks.rejectThread(thread, stopped);
  }

  listen(event: string, role: string): void {
    this.#audience(event).roles.add(role);
  }

  listenRemote(event: string, thread: string, on = true): void {
    const { threads } = this.#audience(event);
    if (on) threads.add(thread);
    else threads.delete(thread);
  }

  tell(from: string, reference: References, payload: unknown, options: SendOptions | undefined): void {
    const envelope = this.#envelope('tell', from, reference.role, reference.kind, payload, options);
    if (!this.#post(envelope, options?.transfer)) this.#deadLetter(from);
  }

  ask(
    from: string,
    reference: References,
    request: unknown,
    options: (SendOptions & { readonly timeoutMs?: number }) | undefined,
  ): Promise<unknown> {
    const { role, name } = reference;
    const thread = this.#routes.get(role);
    if (thread === undefined) return Promise.reject(noSuchActor(role));
    const timeoutMs = options?.timeoutMs ?? reference.options.timeoutMs ?? DEFAULT_ASK_TIMEOUT_MS;
    const draft = this.#envelope('ask', from, role, reference.kind, request, options);
    const envelope = { ...draft, deadline: draft.sentAt + timeoutMs };
    const reply = this.#asks.wait(envelope.id, { name, actor: role, thread }, timeoutMs);
    try {
      if (!this.#post(envelope, options?.transfer)) this.#asks.reject(envelope.id, stopped(role));
    } catch (error) {
      const data = { code: 'payload-unsendable', actor: role, kind: reference.kind } as const;
      this.#asks.reject(envelope.id, actorError(data, `the request of ${name} is not plain data`, error));
    }
    return reply;
  }

  emit(from: string, reference: References, payload: unknown, options: SendOptions | undefined): void {
    const audience = this.#audiences.get(reference.name);
    if (audience === undefined) return;
    const envelope = this.#envelope('event', from, '', reference.name, payload, options);
    for (const role of audience.roles) {
      const receiver = this.#receivers.get(role);
      receiver?.deliver({ ...envelope, to: role, payload: isolate(payload) });
      receiver?.schedule();
    }
    // A buffer can be handed over once: copies go out first, and the last thread gets it.
    let left = audience.threads.size;
    for (const thread of audience.threads) {
      left -= 1;
      const transfer = left === 0 ? options?.transfer : undefined;
      if (!this.link(thread).send(messageItem(envelope), transfer)) this.#deadLetter(from);
    }
  }

  /** Answers an ask; throws when the reply is not plain data. */
  reply(envelope: Envelope, reply: unknown): void {
    if (this.#receivers.has(envelope.from)) {
      if (!this.#asks.resolve(envelope.id, isolate(reply))) this.#deadLetter(envelope.from);
    } else {
      this.#replyTo(envelope, replyItem(envelope.from, envelope.id, reply));
    }
  }

  fail(envelope: Envelope, error: DoinError): void {
    const wire = toWireError(error);
    if (this.#receivers.has(envelope.from)) {
      if (!this.#asks.reject(envelope.id, fromWireError(isolate(wire) as WireError))) this.#deadLetter(envelope.from);
    } else {
      this.#replyTo(envelope, failureItem(envelope.from, envelope.id, wire));
    }
  }

  /** Logs, traces and escalations, on their way to main. */
  report(topic: ReportTopic, value: unknown): void {
    if (this.thread === MAIN) this.#onReport(topic, value);
    else this.link(MAIN).send(reportItem(topic, value));
  }

  flush(): void {
    for (const link of this.#links.values()) link.flush();
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#asks.rejectThread(null, stopped);
  }

  #replyTo(envelope: Envelope, item: Item): void {
    const thread = this.#routes.get(envelope.from);
    if (thread === undefined || !this.link(thread).send(item)) this.#deadLetter(envelope.to);
  }

  #envelope(
    type: Envelope['type'],
    from: string,
    to: string,
    kind: string,
    payload: unknown,
    options: SendOptions | undefined,
  ): Envelope {
    const story = currentStory();
    this.#count += 1;
    return {
      to,
      from,
      kind,
      type,
      id: this.#count * THREADS + this.#number,
      causeId: story?.id ?? 0,
      traceId: options?.traceId ?? story?.traceId ?? this.newTraceId(),
      sentAt: this.platform.stamp(),
      payload,
    };
  }

  /** False when there is nobody to take it. */
  #post(envelope: Envelope, transfer: readonly ArrayBuffer[] | undefined): boolean {
    const receiver = this.#receivers.get(envelope.to);
    if (receiver !== undefined) {
      receiver.deliver({ ...envelope, payload: isolate(envelope.payload, transfer) });
      receiver.schedule();
      return true;
    }
    const thread = this.#routes.get(envelope.to);
    if (thread === undefined || thread === this.thread) return false;
    return this.link(thread).send(messageItem(envelope), transfer);
  }

  #audience(event: string): Audience {
    let audience = this.#audiences.get(event);
    if (audience === undefined) {
      audience = { roles: new Set(), threads: new Set() };
      this.#audiences.set(event, audience);
    }
    return audience;
  }

  #deadLetter(role: string): void {
    this.#receivers.get(role)?.deadLetter();
  }

  /** What arrives over one link. */
  #handlerFor(thread: string): ItemHandler {
    return {
      message: (envelope) => this.#received(envelope),
      reply: (to, id, reply) => {
        if (!this.#asks.resolve(id, reply)) this.#deadLetter(to);
      },
      failure: (to, id, error: WireError) => {
        if (!this.#asks.reject(id, fromWireError(error))) this.#deadLetter(to);
      },
      subscribe: (event, on) => this.listenRemote(event, thread, on),
      report: (topic, value) => this.#onReport(topic, value),
    };
  }

  #received(envelope: Envelope): void {
    if (envelope.type !== 'event') {
      const receiver = this.#receivers.get(envelope.to);
      if (receiver === undefined) {
        this.#unreceived(envelope);
        return;
      }
      receiver.deliver(envelope);
      receiver.work();
      return;
    }
    const roles = this.#audiences.get(envelope.kind)?.roles ?? [];
    let shared = false;
    for (const role of roles) {
      const payload = shared ? isolate(envelope.payload) : envelope.payload;
      this.#receivers.get(role)?.deliver({ ...envelope, to: role, payload });
      shared = true;
    }
    for (const role of roles) this.#receivers.get(role)?.work();
  }

  #unreceived(envelope: Envelope): void {
    if (envelope.type === 'ask') this.fail(envelope, noSuchActor(envelope.to));
  }
}

function noSuchActor(actor: string): DoinError {
  return actorError({ code: 'no-such-actor', actor }, `no actor ${actor} runs in this node`);
}

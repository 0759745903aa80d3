/**
 * The hub of one thread: knows which thread every role lives on, and carries messages between the actors here and
 * over the links to the others. Main has one too, so that it is an endpoint like any other.
 */
import type { DoinError } from '../errors.js';
import type { Envelope, SendOptions } from './actor.js';
import { AskTable } from './asks.js';
import { type DeadLetter, DeadLetterOutbox, deadLetter } from './dead-letters.js';
import { Drafts } from './drafts.js';
import { actorError, crashed, fromWireError, stopped, toWireError, type WireError } from './errors.js';
import { isolate } from './isolate.js';
import { PortLink } from './link.js';
import type { Message } from './message.js';
import type { Platform } from './platform.js';
import type { AnyReference } from './protocol.js';
import { currentStory } from './story.js';
import { failureItem, type Item, type ItemHandler, type ReportTopic, replyItem, reportItem } from './wire.js';

/** Name of the main thread, and of the role that it sends and listens under. */
export const MAIN = 'main';

const DEFAULT_ASK_TIMEOUT_MS = 10_000;

/** Something on this thread that has a role and takes messages. */
export interface Receiver {
  readonly role: string;
  /** Takes a message in, to be worked on by `work` or `schedule`. */
  deliver(envelope: Envelope): void;
  /** Works on what was delivered: at once, between two messages of a batch from another thread... */
  work(): void;
  /** ...or after the handler that is sending now. */
  schedule(): void;
  /** Both at once; a message that has nothing to wait for never sees the mailbox. */
  accept(message: Message): void;
  /** Whether one more message of this kind is within the bound of its mailbox. */
  hasRoom(kind: string): boolean;
  /** Resolves when half of the bound is free. */
  whenRoom(kind: string): Promise<void>;
  /** Counts messages of this role, or for it, that reached nobody. */
  deadLetter(count: number): void;
}

export interface ExchangeOptions {
  readonly thread: string;
  /** Different for each thread ever started in this process, modulo 1024. */
  readonly number: number;
  readonly platform: Platform;
  /** Role -> thread, for all roles of the system. */
  readonly routes: ReadonlyMap<string, string>;
  readonly onReport: (topic: ReportTopic, value: unknown) => void;
  /** A message without an answer came in over the link from that thread. */
  readonly onReceived?: (thread: string) => void;
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
  readonly #drafts: Drafts;
  readonly #routes: ReadonlyMap<string, string>;
  readonly #asks: AskTable;
  readonly #receivers = new Map<string, Receiver>();
  readonly #links = new Map<string, PortLink>();
  /** Role -> link, of roles on threads with a link. */
  readonly #linkOf = new Map<string, PortLink>();
  readonly #audiences = new Map<string, Audience>();
  readonly #onReport: ExchangeOptions['onReport'];
  readonly #deadLetters: DeadLetterOutbox;
  readonly #onReceived: (thread: string) => void;

  constructor(options: ExchangeOptions) {
    this.thread = options.thread;
    this.platform = options.platform;
    this.#drafts = new Drafts(options.platform, options.number);
    this.#routes = options.routes;
    this.#asks = new AskTable(options.platform);
    this.#onReport = options.onReport;
    this.#onReceived = options.onReceived ?? (() => undefined);
    this.#deadLetters = new DeadLetterOutbox(
      (task) => void options.platform.setTimer(0, task),
      (report) => this.report('dead-letters', report),
    );
  }

  newTraceId(): string {
    return this.#drafts.newTraceId();
  }

  addReceiver(receiver: Receiver): void {
    this.#receivers.set(receiver.role, receiver);
  }

  /** The link to a thread; made at its first mention, so that messages can wait for the port. */
  link(thread: string): PortLink {
    const known = this.#links.get(thread);
    if (known !== undefined) return known;
    const handler = this.#handlerFor(thread);
    const link = new PortLink(thread, this.platform, {
      ...handler,
      lost: (letters) => {
        for (const letter of letters) this.deadLetter(letter.from, letter);
        this.#asks.rejectThread(thread, (actor) => crashed(actor, 'its thread ended'));
      },
    });
    this.#links.set(thread, link);
    for (const [role, place] of this.#routes) if (place === thread) this.#linkOf.set(role, link);
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
    const message = this.#drafts.message('tell', from, reference.role, reference.kind, payload, undefined, options);
    if (!this.#post(message, reference, options?.transfer)) this.#undelivered(from, message);
  }

  canSend(from: string, reference: References): boolean {
    const { role: to, kind } = reference;
    const receiver = this.#receivers.get(to);
    if (receiver !== undefined) return receiver.hasRoom(kind);
    const thread = this.#routes.get(to);
    return thread === undefined || this.link(thread).hasRoom({ type: 'tell', to, from, kind }, reference.options);
  }

  /** Resolves too when there is nobody to wait for any more. */
  ready(from: string, reference: References): Promise<void> {
    if (this.canSend(from, reference)) return Promise.resolve();
    const { role: to, kind } = reference;
    const receiver = this.#receivers.get(to);
    if (receiver !== undefined) return receiver.whenRoom(kind);
    const thread = this.#routes.get(to);
    if (thread === undefined) return Promise.resolve();
    return this.link(thread).whenRoom({ type: 'tell', to, from, kind }, reference.options);
  }

  ask(
    from: string,
    reference: References,
    request: unknown,
    options: (SendOptions & { readonly timeoutMs?: number }) | undefined,
  ): Promise<unknown> {
    const { role, name, kind } = reference;
    const thread = this.#routes.get(role);
    if (thread === undefined) return Promise.reject(noSuchActor(role));
    const timeoutMs = options?.timeoutMs ?? reference.options.timeoutMs ?? DEFAULT_ASK_TIMEOUT_MS;
    const message = this.#drafts.message('ask', from, role, kind, request, timeoutMs, options);
    const { id, sentAt } = message;
    const reply = this.#asks.wait(id, { name, actor: role, thread }, sentAt, timeoutMs);
    try {
      if (!this.#post(message, reference, options?.transfer)) this.#asks.reject(id, stopped(role));
    } catch (error) {
      const data = { code: 'payload-unsendable', actor: role, kind } as const;
      this.#asks.reject(id, actorError(data, `the request of ${name} is not plain data`, error));
    }
    return reply;
  }

  emit(from: string, reference: References, payload: unknown, options: SendOptions | undefined): void {
    const audience = this.#audiences.get(reference.name);
    if (audience === undefined) return;
    const message = this.#drafts.message('event', from, '', reference.name, payload, undefined, options);
    for (const role of audience.roles) {
      const receiver = this.#receivers.get(role);
      receiver?.deliver(message.copyFor(role, isolate(payload)));
      receiver?.schedule();
    }
    // A buffer can be handed over once: copies go out first, and the last thread gets it.
    let left = audience.threads.size;
    for (const thread of audience.threads) {
      left -= 1;
      const transfer = left === 0 ? options?.transfer : undefined;
      const sent = this.link(thread).message(message, reference.options, transfer);
      if (!sent) this.#undelivered(from, message);
    }
  }

  /** Answers an ask; throws when the reply is not plain data. */
  reply(envelope: Envelope, reply: unknown): void {
    if (this.#receivers.has(envelope.from)) {
      if (!this.#asks.resolve(envelope.id, isolate(reply))) this.#lateReply(envelope.to, envelope.from);
    } else {
      this.#replyTo(envelope, replyItem(envelope.from, envelope.id, reply));
    }
  }

  fail(envelope: Envelope, error: DoinError): void {
    const wire = toWireError(error);
    if (this.#receivers.has(envelope.from)) {
      const error = fromWireError(isolate(wire) as WireError);
      if (!this.#asks.reject(envelope.id, error)) this.#lateReply(envelope.to, envelope.from);
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
    this.#deadLetters.flush();
    for (const link of this.#links.values()) link.flush();
  }

  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#asks.close(stopped);
  }

  #replyTo(envelope: Envelope, item: Item): void {
    const thread = this.#routes.get(envelope.from);
    if (thread === undefined || !this.link(thread).send(item)) this.#lateReply(envelope.to, envelope.from);
  }

  /** False when there is nobody to take it. */
  #post(message: Message, { options }: References, transfer: readonly ArrayBuffer[] | undefined): boolean {
    const link = this.#linkOf.get(message.to);
    if (link !== undefined) return link.message(message, options, transfer);
    const receiver = this.#receivers.get(message.to);
    if (receiver !== undefined) {
      message.payload = isolate(message.payload, transfer);
      receiver.deliver(message);
      receiver.schedule();
      return true;
    }
    const thread = this.#routes.get(message.to);
    if (thread === undefined || thread === this.thread) return false;
    return this.link(thread).message(message, options, transfer);
  }

  #audience(event: string): Audience {
    let audience = this.#audiences.get(event);
    if (audience === undefined) {
      audience = { roles: new Set(), threads: new Set() };
      this.#audiences.set(event, audience);
    }
    return audience;
  }

  /** Counted with the role, shown by main. */
  deadLetter(role: string, letter: DeadLetter): void {
    this.#receivers.get(role)?.deadLetter(letter.count);
    this.#deadLetters.add(letter);
  }

  #undelivered(role: string, envelope: Envelope): void {
    const thread = this.#routes.get(envelope.to);
    const reason =
      envelope.type !== 'event' && thread === undefined
        ? 'unknown-receiver'
        : thread !== undefined && this.link(thread).closed
          ? 'stopped'
          : 'backlog-full';
    this.deadLetter(role, deadLetter(envelope, reason, this.platform.now()));
  }

  #lateReply(from: string, to: string): void {
    const traceId = currentStory()?.traceId ?? '';
    this.deadLetter(to, deadLetter({ to, from, kind: '', traceId }, 'late-reply', this.platform.now()));
  }

  /** What arrives over one link. */
  #handlerFor(thread: string): ItemHandler {
    return {
      message: (message) => {
        if (message.type !== 'ask') this.#onReceived(thread);
        this.#received(message);
      },
      reply: (to, id, reply) => {
        if (!this.#asks.resolve(id, reply)) this.#lateReply(thread, to);
      },
      failure: (to, id, error: WireError) => {
        if (!this.#asks.reject(id, fromWireError(error))) this.#lateReply(thread, to);
      },
      subscribe: (event, on) => this.listenRemote(event, thread, on),
      report: (topic, value) => this.#onReport(topic, value),
    };
  }

  #received(message: Message): void {
    if (message.type !== 'event') {
      const receiver = this.#receivers.get(message.to);
      if (receiver !== undefined) receiver.accept(message);
      else {
        this.#unreceived(message);
        message.settle();
      }
      return;
    }
    const roles = this.#audiences.get(message.kind)?.roles;
    if (roles !== undefined) this.#receivedEvent(message, roles);
    message.settle();
    if (roles !== undefined) for (const role of roles) this.#receivers.get(role)?.work();
  }

  /** The first listener's copy is the one whose handling gives the sender credit again. */
  #receivedEvent(message: Message, roles: ReadonlySet<string>): void {
    let shared = false;
    for (const role of roles) {
      const copy = message.copyFor(role, shared ? isolate(message.payload) : message.payload);
      if (!shared) {
        copy.receipt = message.receipt;
        message.receipt = null;
        shared = true;
      }
      this.#receivers.get(role)?.deliver(copy);
      copy.settle();
    }
  }

  #unreceived(envelope: Envelope): void {
    if (envelope.type === 'ask') this.fail(envelope, noSuchActor(envelope.to));
    else this.#deadLetters.add(deadLetter(envelope, 'unknown-receiver', this.platform.now()));
  }
}

function noSuchActor(actor: string): DoinError {
  return actorError({ code: 'no-such-actor', actor }, `no actor ${actor} runs in this node`);
}

/**
 * A simulated node: its threads, the links between them, and a main endpoint for the test to talk through. Threads
 * that crash are started again under the same policy as real ones.
 */
import { DoinError, errorMessage } from '../../errors.js';
import type { TraceRecord } from '../../trace/record.js';
import type { ActorContext, Cancel, Envelope } from '../actor.js';
import type { DeadLetterReport } from '../dead-letters.js';
import { fromWireError, type WireError } from '../errors.js';
import { MAIN } from '../exchange.js';
import type { LogRecord } from '../logging.js';
import { type EventListener, MainEndpoint } from '../main-endpoint.js';
import { placeActors } from '../placement.js';
import type { Event, PayloadOf } from '../protocol.js';
import { RestartPolicy } from '../restart-policy.js';
import type { ActorStatus } from '../status.js';
import { type SystemNews, systemEvents } from '../system-events.js';
import { type ReportTopic, subscribeItem } from '../wire.js';
import { type SimulatedActor, SimulatedThread } from './thread.js';
import { VirtualPort } from './virtual-port.js';
import { ThreadRoute, type World } from './world.js';

export interface SimulatedNodeOptions {
  /** Thread name -> roles; roles not named get a thread of their own. */
  readonly placement?: Readonly<Record<string, readonly string[]>>;
  /** How far this node's wall clock is ahead of true time; negative: behind. */
  readonly clockSkewMs?: number;
}

interface Slot {
  readonly name: string;
  readonly actors: readonly SimulatedActor[];
  readonly policy: RestartPolicy;
  thread: SimulatedThread | null;
}

const STOP_DEADLINE_MS = 5_000;

export class SimulatedNode {
  readonly name: string;
  readonly #world: World;
  readonly #clockSkewMs: number;
  readonly #roles: readonly string[];
  readonly #routes: ReadonlyMap<string, string>;
  /** Event -> threads with actors that listen to it. */
  readonly #audiences = new Map<string, Set<string>>();
  readonly #endpoint: MainEndpoint;
  readonly #interests = new Set<string>();
  readonly #random;
  #slots: readonly Slot[];
  #main: SimulatedThread | null = null;
  #failure: DoinError | null = null;
  #deadLetters = 0;
  #started: Promise<void> = Promise.resolve();

  constructor(world: World, name: string, actors: readonly SimulatedActor[], options: SimulatedNodeOptions) {
    this.name = name;
    this.#world = world;
    this.#clockSkewMs = options.clockSkewMs ?? 0;
    this.#random = world.random.stream(`restarts of ${name}`);
    this.#roles = actors.map(({ definition }) => definition.role);
    const placed = placeActors(this.#roles, options.placement);
    this.#routes = new Map([
      ...[...placed].flatMap(([thread, roles]) => roles.map((role) => [role, thread] as const)),
      [MAIN, MAIN],
    ]);
    this.#slots = [...placed].map(([thread, roles]) => ({
      name: thread,
      actors: actors.filter(({ definition }) => roles.includes(definition.role)),
      policy: new RestartPolicy(world.restart),
      thread: null,
    }));
    this.#endpoint = new MainEndpoint(
      (error) => this.#fail(error),
      (event, on) => this.#interest(event, on),
    );
    for (const { name: thread, actors: hosted } of this.#slots) {
      for (const event of hosted.flatMap(({ definition }) => definition.listensTo)) {
        const threads = this.#audiences.get(event.name) ?? new Set();
        this.#audiences.set(event.name, threads.add(thread));
      }
    }
    this.tell = (reference, payload, sending) => this.#running().exchange.tell(MAIN, reference, payload, sending);
    this.ask = (reference, request, sending) =>
      this.#running().exchange.ask(MAIN, reference, request, sending) as Promise<never>;
  }

  readonly tell: ActorContext['tell'];
  /** The answer comes while the simulation runs; `Simulation.ask` runs it until then. */
  readonly ask: ActorContext['ask'];

  get isUp(): boolean {
    return this.#main !== null;
  }

  /** Messages of this node that reached nobody, each recorded in the trace. */
  get deadLetters(): number {
    return this.#deadLetters;
  }

  /** Why the node went down by itself. */
  get failure(): DoinError | null {
    return this.#failure;
  }

  /** Rejects when an actor could not start. */
  get started(): Promise<void> {
    return this.#started;
  }

  // biome-ignore lint/suspicious/noExplicitAny: matches events of every payload type
  on<R extends Event<any>>(reference: R, handler: (payload: PayloadOf<R>, envelope: Envelope) => void): Cancel {
    return this.#endpoint.on(reference.name, handler as EventListener);
  }

  status(): ActorStatus[] {
    return this.#slots.flatMap(({ thread }) => thread?.status() ?? []);
  }

  inspect(role: string): unknown {
    return this.#slotOf(this.#routes.get(role))?.thread?.inspect(role) ?? null;
  }

  boot(): void {
    this.#failure = null;
    const main = this.#spawn(MAIN, []);
    this.#main = main;
    for (const event of this.#interests) main.exchange.listen(event, MAIN);
    main.exchange.addReceiver(this.#endpoint);
    for (const slot of this.#slots) {
      slot.thread = this.#spawn(slot.name, slot.actors);
      this.#wire(slot.thread);
    }
    const starting = this.#slots.map(({ thread }) => thread?.start());
    this.#started = Promise.all(starting).then(
      () => undefined,
      (error: unknown) => {
        if (this.#main === main) this.#fail(error);
        throw error;
      },
    );
    this.#started.catch(() => undefined);
  }

  /** The end of the process: nothing is stopped, flushed or told. */
  crash(): void {
    for (const slot of this.#slots) this.#kill(slot);
    this.#main?.kill();
    this.#main = null;
    this.#slots = this.#slots.map((slot) => ({ ...slot, policy: new RestartPolicy(this.#world.restart) }));
  }

  /** The end of the thread of a role; started again as the restart policy says. */
  crashThread(thread: string): void {
    const slot = this.#slotOf(thread);
    if (slot?.thread == null) return;
    this.#kill(slot);
    this.#world.record({ what: 'thread-crashed', node: this.name, thread });
    for (const actor of rolesOf(slot)) {
      this.#tellNews({ event: 'actorCrashed', payload: { actor, thread, reason: 'its thread ended', kind: null } });
    }
    const main = this.#running();
    const delayMs = slot.policy.crashed(main.platform.monotonic(), this.#random.uniform());
    if (delayMs === null) {
      const reason = `thread ${thread} ended again and again`;
      this.#fail(new DoinError({ code: 'actor-restarts-exhausted', actor: thread, reason }, reason));
      return;
    }
    main.platform.setTimer(delayMs, () => this.#respawn(slot));
  }

  threadOf(role: string): string {
    const thread = this.#routes.get(role);
    if (thread !== undefined && thread !== MAIN) return thread;
    throw new DoinError({ code: 'no-such-actor', actor: role }, `no actor ${role} runs on node ${this.name}`);
  }

  /** As the node's own shutdown: one actor after another, each with a deadline. */
  async stop(order: readonly string[] = []): Promise<void> {
    const rest = this.#roles.filter((role) => !order.includes(role)).reverse();
    for (const role of [...order, ...rest]) {
      await this.#slotOf(this.#routes.get(role))?.thread?.stop(role, STOP_DEADLINE_MS);
    }
    this.crash();
  }

  #kill(slot: Slot): void {
    if (slot.thread === null) return;
    slot.thread.kill();
    slot.thread = null;
    for (const role of rolesOf(slot)) this.#world.ended(this.name, role);
  }

  #respawn(slot: Slot): void {
    slot.thread = this.#spawn(slot.name, slot.actors);
    this.#wire(slot.thread);
    slot.thread.resume();
    this.#world.record({ what: 'thread-restarted', node: this.name, thread: slot.name });
  }

  #spawn(thread: string, actors: readonly SimulatedActor[]): SimulatedThread {
    const spawned: SimulatedThread = new SimulatedThread(this.#world, {
      node: this.name,
      thread,
      routes: this.#routes,
      actors,
      clockSkewMs: this.#clockSkewMs,
      onReport: (topic, value) => this.#report(topic, value),
    });
    for (const [event, threads] of [...this.#audiences, ...[...this.#interests].map(mainOnly)]) {
      for (const listening of threads) if (listening !== thread) spawned.exchange.listenRemote(event, listening);
    }
    return spawned;
  }

  /** Ports between a new thread and all that live. */
  #wire(thread: SimulatedThread): void {
    const others = [this.#main, ...this.#slots.map((slot) => slot.thread)];
    for (const other of others) {
      if (other === null || other === thread) continue;
      const [here, there] = VirtualPort.pair(
        this.#route(thread.name, other.name),
        this.#route(other.name, thread.name),
      );
      thread.bind(other.name, here);
      other.bind(thread.name, there);
    }
  }

  #route(fromThread: string, toThread: string): ThreadRoute {
    const crash = () => this.crashThread(toThread);
    return new ThreadRoute(
      this.#world,
      { node: this.name, fromThread, toThread },
      this.#world.nextThreadNumber(),
      crash,
    );
  }

  #interest(event: string, on: boolean): void {
    if (on) this.#interests.add(event);
    else this.#interests.delete(event);
    if (this.#main === null) return;
    if (on) this.#main.exchange.listen(event, MAIN);
    for (const { name } of this.#slots) this.#main.exchange.link(name).send(subscribeItem(event, on));
  }

  #report(topic: ReportTopic, value: unknown): void {
    const node = this.name;
    if (topic === 'trace') this.#world.record({ what: 'handled', node, record: value as TraceRecord });
    else if (topic === 'log') this.#world.record({ what: 'log', node, record: withoutStacks(value as LogRecord) });
    else if (topic === 'escalation') this.#fail(fromWireError(value as WireError));
    else if (topic === 'dead-letters') this.#countDead((value as DeadLetterReport).count);
    else if (topic === 'news') this.#tellNews(value as SystemNews);
  }

  #countDead(count: number): void {
    this.#deadLetters += count;
    this.#world.record({ what: 'dead-letters', node: this.name, count });
  }

  #tellNews({ event, payload }: SystemNews): void {
    this.#main?.exchange.emit(MAIN, systemEvents[event], payload, undefined);
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof DoinError ? error : new DoinError({ code: 'node-failed' }, errorMessage(error));
    this.#world.record({ what: 'escalation', node: this.name, reason: errorMessage(error) });
    this.crash();
  }

  #running(): SimulatedThread {
    if (this.#main !== null) return this.#main;
    throw new DoinError({ code: 'node-down', node: this.name }, `node ${this.name} is down`);
  }

  #slotOf(thread: string | undefined): Slot | undefined {
    return this.#slots.find((slot) => slot.name === thread);
  }
}

function rolesOf(slot: Slot): readonly string[] {
  return slot.actors.map(({ definition }) => definition.role);
}

function mainOnly(event: string): [string, ReadonlySet<string>] {
  return [event, new Set([MAIN])];
}

/** Stack traces name files of this machine, and lines that every edit moves; the message is what runs share. */
function withoutStacks(record: LogRecord): LogRecord {
  if (record.fields === undefined) return record;
  const fields = Object.entries(record.fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replace(/\n\s+at [\s\S]*$/, '') : value,
  ]);
  return { ...record, fields: Object.fromEntries(fields) };
}

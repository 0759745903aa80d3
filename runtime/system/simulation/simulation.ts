/**
 * Deterministic simulation: all actors of one or many nodes on one thread and a virtual clock. Every delay, every order
 * of what happens at one instant, every random byte and every fault comes from the seed; the actors are the ones that
 * run in production, and so are their cells, mailboxes, links and messages.
 *
 *     const sim = Simulation.create({ seed: 7 });
 *     sim.addNode('a', [simulated(chainActor, options), ...]);
 *     await sim.run({ untilMs: 60_000 });
 *     sim.crash('a', 'chain');
 *
 * What it cannot show: races inside the machine's own I/O (disks and sockets are modules in memory here), and the time
 * that computing takes: a handler lasts no virtual time.
 */
import { DoinError } from '../../errors.js';
import { parseTraceFilter, type TraceFilter } from '../../trace/filter.js';
import type { Cancel } from '../actor.js';
import { LogThreshold } from '../logging.js';
import type { Ask, ReplyOf, RequestOf } from '../protocol.js';
import { DEFAULT_RESTART, type RestartOptions } from '../restart-policy.js';
import { type FaultRule, FaultTable } from './faults.js';
import { SimulatedNode, type SimulatedNodeOptions } from './node.js';
import { SimulationRandom } from './random.js';
import { newOwner, settle, VirtualScheduler } from './scheduler.js';
import type { SimulatedActor } from './thread.js';
import { type SimulationEvent, type SimulationRecord, traceDigest, traceText } from './trace.js';
import type { World } from './world.js';

export type { FaultRule, MessageOnItsWay } from './faults.js';
export { SimulatedNode, type SimulatedNodeOptions } from './node.js';
export { SimulationRandom } from './random.js';
export { type SimulatedActor, simulated } from './thread.js';
export type { SimulationEvent, SimulationRecord } from './trace.js';

/** 2027-01-15: some date that is not now, so that code which peeks at the real clock is noticed. */
const DEFAULT_START_MS = 1_800_000_000_000;
/** An in-process port takes 25 us one way when idle (measured), and some hundreds under load. */
const DEFAULT_THREAD_DELAY_MS = [0.02, 0.5] as const;
/** A minute of four busy nodes takes some 100 000 steps; far beyond that something runs in circles. */
const DEFAULT_MAX_STEPS = 20_000_000;
const DEFAULT_ASK_WITHIN_MS = 60_000;

export interface SimulationOptions {
  readonly seed: number | string;
  /** Wall clock at the start, milliseconds since the epoch. */
  readonly startMs?: number;
  readonly threadDelayMs?: readonly [low: number, high: number];
  /** Which messages the trace shows; default all. */
  readonly trace?: TraceFilter | null;
  /** Log lines of this level and above enter the trace; default `warn`. */
  readonly logLevel?: string;
  readonly restart?: Partial<RestartOptions>;
  readonly maxSteps?: number;
}

export interface RunOptions {
  /** Virtual milliseconds since the simulation's start. */
  readonly untilMs?: number;
  /** Virtual milliseconds from now. */
  readonly forMs?: number;
  /** Looked at after every step. */
  readonly until?: () => boolean;
}

/** What lies between nodes. It may be cut, and hears of actors that vanish. */
export interface SimulatedNetwork {
  partition(groups: readonly (readonly string[])[]): void;
  heal(): void;
  /** The actor's thread or process ended: its connections break, as an operating system would break them. */
  ended(node: string, role: string): void;
}

export class Simulation {
  readonly trace: SimulationRecord[] = [];
  readonly random: SimulationRandom;
  readonly #scheduler: VirtualScheduler;
  readonly #world: World;
  readonly #maxSteps: number;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #outside = newOwner();
  #network: SimulatedNetwork | null = null;
  #threads = 0;

  private constructor(options: SimulationOptions) {
    this.random = new SimulationRandom(String(options.seed));
    this.#scheduler = new VirtualScheduler(this.random.stream('order'));
    this.#maxSteps = options.maxSteps ?? DEFAULT_MAX_STEPS;
    this.#world = {
      scheduler: this.#scheduler,
      random: this.random,
      faults: new FaultTable(this.random.stream('faults')),
      startMs: options.startMs ?? DEFAULT_START_MS,
      threadDelayMs: options.threadDelayMs ?? DEFAULT_THREAD_DELAY_MS,
      trace: options.trace === undefined ? parseTraceFilter('*') : options.trace,
      logThreshold: new LogThreshold(options.logLevel ?? 'warn'),
      restart: { ...DEFAULT_RESTART, ...options.restart },
      nextThreadNumber: () => {
        this.#threads += 1;
        return this.#threads;
      },
      record: (event) => this.#record(event),
      ended: (node, role) => this.#network?.ended(node, role),
    };
  }

  static create(options: SimulationOptions): Simulation {
    return new Simulation(options);
  }

  /** Virtual milliseconds since the start. */
  get elapsedMs(): number {
    return this.#scheduler.elapsedMs;
  }

  /** The true wall clock of the simulated world. */
  get nowMs(): number {
    return Math.trunc(this.#world.startMs + this.#scheduler.elapsedMs);
  }

  get steps(): number {
    return this.#scheduler.steps;
  }

  get nodes(): readonly SimulatedNode[] {
    return [...this.#nodes.values()];
  }

  node(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new DoinError({ code: 'no-such-node', node: name }, `no node ${name}`);
    return node;
  }

  /** Adds a node and starts its actors: they get on as the simulation runs. */
  addNode(name: string, actors: readonly SimulatedActor[], options: SimulatedNodeOptions = {}): SimulatedNode {
    if (this.#nodes.has(name)) throw new DoinError({ code: 'duplicate-node', node: name }, `node ${name} exists`);
    const node = new SimulatedNode(this.#world, name, actors, options);
    this.#nodes.set(name, node);
    this.#record({ what: 'node-started', node: name });
    node.boot();
    return node;
  }

  /** Runs until all actors of all nodes that are up have started. Rejects with the error of one that could not. */
  async start(withinMs = DEFAULT_ASK_WITHIN_MS): Promise<void> {
    await this.settled(Promise.all(this.nodes.map(({ started }) => started)), withinMs);
  }

  /** The network that `partition`, `heal` and `crash` act on. */
  useNetwork(network: SimulatedNetwork): void {
    this.#network = network;
  }

  /** Timers of the simulated world for modules that stand between nodes. */
  schedule(delayMs: number, callback: () => void): Cancel {
    return this.#scheduler.after(delayMs, callback, this.#outside);
  }

  /**
   * Lets virtual time pass. True when `until` came true; without `until`, when the time is over. With neither limit it
   * runs until nothing is left to happen, which with repeating timers is never.
   */
  async run({ untilMs, forMs, until }: RunOptions = {}): Promise<boolean> {
    const endsAt = Math.min(
      untilMs ?? Number.POSITIVE_INFINITY,
      forMs === undefined ? Number.POSITIVE_INFINITY : this.elapsedMs + forMs,
    );
    await settle();
    for (;;) {
      if (until?.()) return true;
      const nextAt = this.#scheduler.nextAt;
      if (nextAt > endsAt || nextAt === Number.POSITIVE_INFINITY) break;
      if (this.steps >= this.#maxSteps) {
        const message = `the simulation took ${this.steps} steps for ${this.elapsedMs} ms; something runs in circles`;
        throw new DoinError({ code: 'simulation-runaway', steps: this.steps }, message);
      }
      await this.#scheduler.step();
    }
    if (endsAt !== Number.POSITIVE_INFINITY) this.#scheduler.advanceTo(endsAt);
    return until === undefined;
  }

  /** Runs until the promise settles, which must take no more than this virtual time. */
  async settled<T>(promise: Promise<T>, withinMs = DEFAULT_ASK_WITHIN_MS): Promise<T> {
    let done = false;
    const mark = () => {
      done = true;
    };
    promise.then(mark, mark);
    if (await this.run({ until: () => done, forMs: withinMs })) return promise;
    throw new DoinError({ code: 'simulation-timeout', withinMs }, `not settled within ${withinMs} virtual ms`);
  }

  /** Asks an actor from outside and runs until the answer is there. */
  ask<R extends Ask<unknown, unknown>>(node: string, reference: R, request: RequestOf<R>): Promise<ReplyOf<R>> {
    return this.settled(this.node(node).ask(reference, request));
  }

  /** Kills the thread of a role, which its node starts again; or without a role the whole node, which stays down. */
  crash(name: string, role?: string): void {
    const node = this.node(name);
    if (role !== undefined) {
      node.crashThread(node.threadOf(role));
      return;
    }
    if (!node.isUp) return;
    node.crash();
    this.#record({ what: 'node-crashed', node: name });
  }

  /** Starts a node that is down, with what its stores hold. */
  restart(name: string): void {
    const node = this.node(name);
    if (node.isUp) throw new DoinError({ code: 'node-up', node: name }, `node ${name} is up`);
    this.#record({ what: 'node-restarted', node: name });
    node.boot();
  }

  /** Stops a node in order, as a signal to the process would. */
  async stop(name: string, order: readonly string[] = []): Promise<void> {
    await this.settled(this.node(name).stop(order));
    this.#record({ what: 'node-stopped', node: name });
  }

  /** Nodes of different groups cannot reach each other; those not named form one more group. */
  partition(groups: readonly (readonly string[])[]): void {
    this.#record({ what: 'partition', groups });
    this.#requireNetwork().partition(groups);
  }

  heal(): void {
    this.#record({ what: 'heal' });
    this.#requireNetwork().heal();
  }

  /** Harms messages between actors from now on, until the rule is taken back. */
  inject(rule: FaultRule): Cancel {
    return this.#world.faults.add(rule);
  }

  traceText(): string {
    return traceText(this.trace);
  }

  /** SHA-256 over the whole trace. */
  traceDigest(): string {
    return traceDigest(this.trace);
  }

  #record(event: SimulationEvent): void {
    this.trace.push({ at: this.#scheduler.elapsedMs, ...event });
  }

  #requireNetwork(): SimulatedNetwork {
    if (this.#network !== null) return this.#network;
    throw new DoinError({ code: 'no-network' }, 'this simulation has no network: call useNetwork first');
  }
}

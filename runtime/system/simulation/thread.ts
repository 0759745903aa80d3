/** One thread of a simulated node: an exchange and the cells of its actors, as a worker thread has them. */
import { directTracer } from '../../trace/recorder.js';
import type { ActorDefinition, AnyProtocol } from '../actor.js';
import { ActorCell } from '../cell.js';
import { Exchange } from '../exchange.js';
import { createLogger } from '../logging.js';
import type { Platform } from '../platform.js';
import type { ActorStatus } from '../status.js';
import type { ReportTopic } from '../wire.js';
import { newOwner } from './scheduler.js';
import type { VirtualPort } from './virtual-port.js';
import { platformOf, type World } from './world.js';

/** An actor of a simulated node. The definition is used again after a crash; options are copied, as between threads. */
export interface SimulatedActor {
  readonly definition: ActorDefinition;
  readonly options: unknown;
}

/** Pairs a definition with options of its own type. */
export function simulated<P extends AnyProtocol, L extends ActorDefinition['listensTo'], Options>(
  definition: ActorDefinition<P, L, Options>,
  options: Options,
): SimulatedActor {
  return { definition: definition as unknown as ActorDefinition, options };
}

/** Reports reach the trace at once: what a thread did before it died must not be lost with it. */
class ReportingExchange extends Exchange {
  readonly #onReport: (topic: ReportTopic, value: unknown) => void;

  constructor(options: ConstructorParameters<typeof Exchange>[0]) {
    super(options);
    this.#onReport = options.onReport;
  }

  override report(topic: ReportTopic, value: unknown): void {
    this.#onReport(topic, value);
  }
}

export interface ThreadOptions {
  readonly node: string;
  readonly thread: string;
  readonly routes: ReadonlyMap<string, string>;
  readonly actors: readonly SimulatedActor[];
  readonly clockSkewMs: number;
  onReport(topic: ReportTopic, value: unknown): void;
}

export class SimulatedThread {
  readonly name: string;
  readonly exchange: Exchange;
  readonly platform: Platform;
  readonly #owner = newOwner();
  readonly #cells = new Map<string, ActorCell>();
  readonly #ports = new Set<VirtualPort>();

  constructor(world: World, options: ThreadOptions) {
    const { node, thread, routes, actors, clockSkewMs, onReport } = options;
    const number = world.nextThreadNumber();
    this.name = thread;
    this.platform = platformOf(world, this.#owner, `${node} ${thread} ${number}`, clockSkewMs);
    const { platform } = this;
    this.exchange = new ReportingExchange({ thread, number, platform, routes, onReport });
    for (const { definition, options: plain } of actors) {
      const { role } = definition;
      const log = createLogger(role, world.logThreshold, platform.now, (record) => onReport('log', record));
      const cell = new ActorCell({
        definition,
        options: structuredClone(plain),
        exchange: this.exchange,
        log,
        restart: world.restart,
        tracer: directTracer(thread, world.trace, (record) => onReport('trace', record)),
      });
      this.#cells.set(role, cell);
    }
  }

  bind(thread: string, port: VirtualPort): void {
    this.#ports.add(port);
    this.exchange.link(thread).bind(port.asMessagePort());
  }

  async start(): Promise<void> {
    await Promise.all([...this.#cells.values()].map((cell) => cell.start()));
  }

  /** The start of a thread that takes the place of a dead one. */
  resume(): void {
    for (const cell of this.#cells.values()) cell.resume();
  }

  async stop(role: string, deadlineMs: number): Promise<void> {
    await this.#cells.get(role)?.stop(deadlineMs);
    this.exchange.flush();
  }

  /** The end of a thread that nobody asked: no handler, timer or `stop` of its actors runs any more. */
  kill(): void {
    this.#owner.alive = false;
    for (const port of this.#ports) port.close();
  }

  status(): ActorStatus[] {
    return [...this.#cells.values()].map((cell) => cell.status(0));
  }

  inspect(role: string): unknown {
    return this.#cells.get(role)?.inspect() ?? null;
  }
}

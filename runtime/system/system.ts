/**
 * The actor system as the node sees it: start with a list of actors, talk to them from the main thread, watch them,
 * stop them in a declared order.
 */
import type { ResourceLimits } from 'node:worker_threads';
import { pino } from 'pino';
import type { DoinError } from '../errors.js';
import type { TraceFilter } from '../trace/filter.js';
import { formatTraceRecord } from '../trace/format.js';
import { recordOf, type TraceRecord } from '../trace/record.js';
import type { TraceBatch } from '../trace/recorder.js';
import type { ActorContext, Cancel, Envelope } from './actor.js';
import { type DeadLetter, type DeadLetterReport, DeadLetterRing } from './dead-letters.js';
import { fromWireError, type WireError } from './errors.js';
import { Exchange, MAIN } from './exchange.js';
import { createLogger, type LogRecord, LogThreshold } from './logging.js';
import { type EventListener, MainEndpoint } from './main-endpoint.js';
import { placeActors } from './placement.js';
import { machinePlatform, newClockBase, portsRead } from './platform.js';
import type { Event, PayloadOf } from './protocol.js';
import { DEFAULT_RESTART, type RestartOptions } from './restart-policy.js';
import type { ActorSpec } from './spec.js';
import type { ActorStatus } from './status.js';
import { Supervisor } from './supervisor.js';
import { type SystemNews, systemEvents } from './system-events.js';
import { DEFAULT_WATCHDOG, type WatchdogOptions } from './watchdog.js';
import { type ReportTopic, subscribeItem } from './wire.js';

export type { ActorSpec } from './spec.js';
export type { ActorState, ActorStatus } from './status.js';

/** How long each actor may take to work off its mailbox when it is stopped. */
const DEFAULT_STOP_DEADLINE_MS = 5_000;
/** The same for actors that had started when another one could not. */
const FAILED_START_DEADLINE_MS = 2_000;

export interface SystemOptions {
  readonly actors: readonly ActorSpec[];
  /** Thread name -> roles; roles not named get a thread of their own, named after the role. */
  readonly placement?: Readonly<Record<string, readonly string[]>>;
  readonly trace?: TraceFilter | null;
  /** `debug`, `info` (default), `warn`, `error` or `silent`. */
  readonly logLevel?: string;
  /** `file:` URL of a module imported first on every thread (polyfills). */
  readonly preload?: string;
  readonly restart?: Partial<RestartOptions>;
  /** Default: a loop held for 1000 ms is reported, and never ended. */
  readonly watchdog?: Partial<WatchdogOptions>;
  /** Thread -> limits of its JavaScript engine; beyond `maxOldGenerationSizeMb` it ends, and is started again. */
  readonly threadLimits?: Readonly<Record<string, ResourceLimits>>;
  /** An actor or a thread crashed too often: the node should stop. */
  readonly onEscalation: (error: DoinError) => void;
  /** Default: JSON lines on stderr. */
  readonly onLog?: (record: LogRecord) => void;
  /** Default: one line on stderr. */
  readonly onTrace?: (record: TraceRecord) => void;
  /** So many records of a thread were lost, because it makes them faster than they can be shown. */
  readonly onTraceDropped?: (count: number, thread: string) => void;
}

export class ActorSystem {
  readonly #exchange: Exchange;
  readonly #endpoint: MainEndpoint;
  readonly #deadLetters = new DeadLetterRing();
  readonly #supervisor: Supervisor;
  readonly #threshold: LogThreshold;
  readonly #roles: readonly string[];
  #stopped: Promise<void> | null = null;

  private constructor(options: SystemOptions) {
    const { actors, placement, trace = null, logLevel = 'info', preload = null, restart, onEscalation } = options;
    this.#roles = actors.map(({ role }) => role);
    const placed = placeActors(this.#roles, placement);
    const threads = new Map(
      [...placed].map(([thread, roles]) => [thread, actors.filter(({ role }) => roles.includes(role))]),
    );
    const routes = new Map([...placed].flatMap(([thread, roles]) => roles.map((role) => [role, thread] as const)));
    routes.set(MAIN, MAIN);
    const clock = newClockBase();
    const platform = machinePlatform(clock);
    const onReport = reporter(options, {
      deadLetters: (report) => this.#deadLetters.add(report),
      news: ({ event, payload }) => this.#exchange.emit(MAIN, systemEvents[event], payload, undefined),
    });
    this.#threshold = new LogThreshold(logLevel);
    const log = createLogger(MAIN, this.#threshold, platform.now, (record) => onReport('log', record));
    this.#exchange = new Exchange({ thread: MAIN, number: 0, platform, routes, onReport });
    this.#supervisor = new Supervisor(
      {
        threads,
        preload,
        restart: { ...DEFAULT_RESTART, ...restart },
        watchdog: { ...DEFAULT_WATCHDOG, ...options.watchdog },
        threadLimits: options.threadLimits ?? {},
        clock,
        onEscalation,
        log: (level, message, fields) => log[level](message, fields),
      },
      this.#exchange,
      trace,
      logLevel,
    );
    this.#endpoint = new MainEndpoint(onEscalation, (event, on) => this.#interest(event, on));
    this.#exchange.addReceiver(this.#endpoint);
    this.tell = (reference, payload, sending) => this.#exchange.tell(MAIN, reference, payload, sending);
    this.canSend = (reference) => this.#exchange.canSend(MAIN, reference);
    this.ready = (reference) => this.#exchange.ready(MAIN, reference);
    this.ask = (reference, request, sending) => this.#exchange.ask(MAIN, reference, request, sending) as Promise<never>;
  }

  readonly tell: ActorContext['tell'];
  readonly ask: ActorContext['ask'];
  readonly canSend: ActorContext['canSend'];
  readonly ready: ActorContext['ready'];

  /**
   * Resolves when every actor's `start` has; rejects with the first start error, its code kept, after everything that
   * did start was stopped.
   */
  static async start(options: SystemOptions): Promise<ActorSystem> {
    const system = new ActorSystem(options);
    try {
      await system.#supervisor.start();
    } catch (error) {
      await system.stop(undefined, FAILED_START_DEADLINE_MS);
      throw error;
    }
    return system;
  }

  // biome-ignore lint/suspicious/noExplicitAny: matches events of every payload type
  on<R extends Event<any>>(reference: R, handler: (payload: PayloadOf<R>, envelope: Envelope) => void): Cancel {
    return this.#endpoint.on(reference.name, handler as EventListener);
  }

  status(): Promise<ActorStatus[]> {
    return this.#supervisor.status();
  }

  /** The small plain object an actor shows of its inside; null when it shows none. */
  inspect(role: string): Promise<unknown> {
    return this.#supervisor.inspect(role);
  }

  /** The last messages of any thread that nobody handled, oldest first. */
  deadLetters(): readonly DeadLetter[] {
    return this.#deadLetters.letters;
  }

  /** All of them. */
  get deadLetterCount(): number {
    return this.#deadLetters.total;
  }

  setTrace(filter: TraceFilter | null): Promise<void> {
    return this.#supervisor.setTrace(filter);
  }

  setLogLevel(level: string): Promise<void> {
    this.#threshold.level = level;
    return this.#supervisor.setLogLevel(level);
  }

  /**
   * Stops the actors one after another: first those of `order`, then the others, last started first. Each takes no new
   * messages, works off its mailbox for up to `deadlineMs`, and closes what it opened. Then the threads end.
   */
  stop(order: readonly string[] = [], deadlineMs: number = DEFAULT_STOP_DEADLINE_MS): Promise<void> {
    this.#stopped ??= this.#stop(order, deadlineMs);
    return this.#stopped;
  }

  async #stop(order: readonly string[], deadlineMs: number): Promise<void> {
    const rest = this.#roles.filter((role) => !order.includes(role)).reverse();
    this.#exchange.flush();
    await this.#supervisor.stop([...order, ...rest], deadlineMs);
    // The last words of the threads, among them answers to asks.
    await portsRead();
    this.#exchange.close();
  }

  #interest(event: string, on: boolean): void {
    if (on) this.#exchange.listen(event, MAIN);
    this.#supervisor.mainListens(event, on);
    for (const thread of this.#supervisor.threads) this.#exchange.link(thread).send(subscribeItem(event, on));
  }
}

interface OwnReports {
  deadLetters(report: DeadLetterReport): void;
  news(news: SystemNews): void;
}

function reporter(options: SystemOptions, own: OwnReports): (topic: ReportTopic, value: unknown) => void {
  const onLog = options.onLog ?? logToStderr();
  const onTrace = options.onTrace ?? ((record) => process.stderr.write(`${formatTraceRecord(record)}\n`));
  const unpackTrace = ({ rows, dropped, thread }: TraceBatch) => {
    for (const row of rows) onTrace(recordOf(row, thread));
    if (dropped > 0) options.onTraceDropped?.(dropped, thread);
  };
  return (topic, value) => {
    switch (topic) {
      case 'log':
        onLog(value as LogRecord);
        return;
      case 'trace':
        unpackTrace(value as TraceBatch);
        return;
      case 'escalation':
        options.onEscalation(fromWireError(value as WireError));
        return;
      case 'dead-letters':
        own.deadLetters(value as DeadLetterReport);
        return;
      case 'news':
        own.news(value as SystemNews);
    }
  };
}

/** The level was judged where the line was written; here every record is printed. */
function logToStderr(): (record: LogRecord) => void {
  const STDERR = 2;
  const logger = pino({ level: 'debug', base: null, timestamp: false }, pino.destination({ dest: STDERR, sync: true }));
  return ({ level, message, fields, ...rest }) => logger[level]({ ...rest, ...fields }, message);
}

/**
 * The lives of one actor: start, crash, restart after a pause, stop. What happens to its messages meanwhile is the
 * cell's business (`LifecycleHooks`).
 */
import { errorMessage } from '../errors.js';
import type { ActorDefinition, AnyProtocol, Behaviour, Envelope, Logger } from './actor.js';
import { Life } from './context.js';
import type { DeadLetterReason } from './dead-letters.js';
import { withDeadline } from './deadline.js';
import { actorError, crashed, startFailed, toWireError } from './errors.js';
import type { Exchange } from './exchange.js';
import type { Taken } from './in-hand.js';
import { type RestartOptions, RestartPolicy } from './restart-policy.js';
import type { ActorState } from './status.js';
import type { SystemNews } from './system-events.js';

type AnyBehaviour = Behaviour<AnyProtocol, []>;
export type Handler = (payload: unknown, envelope: Envelope) => unknown;

/** Time a crashed actor's `stop` may take to close files and ports before its successor starts. */
const CLOSE_AFTER_CRASH_MS = 5_000;
/** Time `stop` has even when draining used up the deadline: unflushed stores are worse than a late end. */
const LEAST_CLOSE_MS = 1_000;

/** One life and what its start gave. */
export interface Instance {
  readonly life: Life;
  readonly behaviour: AnyBehaviour;
  readonly handlers: ReadonlyMap<string, Handler>;
}

export interface LifecycleOptions {
  readonly definition: ActorDefinition;
  readonly options: unknown;
  readonly exchange: Exchange;
  readonly log: Logger;
  readonly restart: RestartOptions;
}

/** What the cell does with the messages at the turns of its actor's life. */
export interface LifecycleHooks {
  /** A life has begun: messages can be handled. */
  began(): void;
  /** A life has ended in a crash: what waits for it fails with this error, what can wait for the next one stays. */
  crashed(failure: ReturnType<typeof crashed>, culprit: Taken | undefined): void;
  /** No life will come: nothing that waits is ever handled. */
  abandoned(reason: DeadLetterReason): void;
  /** Resolves when no message waits or is being handled. */
  drained(): Promise<void>;
  /** Counts one more restart and answers with the number of them. */
  restarting(): number;
  /** A timer's callback begins to hold the thread, and returns. */
  timer(runs: boolean): void;
}

export class Lifecycle {
  readonly #options: LifecycleOptions;
  readonly #hooks: LifecycleHooks;
  readonly #exchange: Exchange;
  readonly #log: Logger;
  readonly #role: string;
  readonly #policy: RestartPolicy;
  /** The life that handles messages now; null while there is none. */
  instance: Instance | null = null;
  state: ActorState = 'starting';
  #restarts = 0;
  #life: Life | null = null;
  #starting: Promise<void> = Promise.resolve();
  /** A crashed life closes its files. */
  #closing: Promise<void> = Promise.resolve();
  #cancelRestart: () => void = () => undefined;

  constructor(options: LifecycleOptions, hooks: LifecycleHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#exchange = options.exchange;
    this.#log = options.log;
    this.#role = options.definition.role;
    this.#policy = new RestartPolicy(options.restart);
  }

  /** Takes no new messages. */
  get closed(): boolean {
    return this.state === 'stopped' || this.state === 'stopping';
  }

  /** The first start: its error is the caller's, who stops the whole system. */
  async start(): Promise<void> {
    this.#starting = this.#live();
    try {
      await this.#starting;
    } catch (error) {
      this.state = 'stopped';
      // Others may wait in their own start for an answer that will never come. The cause is told first.
      this.#exchange.platform.setTimer(0, () => this.#hooks.abandoned('stopped'));
      throw error;
    }
  }

  /** A start on a restarted thread: an error counts as one more crash. */
  resume(): void {
    this.state = 'restarting';
    this.#restart(0);
  }

  /** Works off the messages there are until the deadline, then lets the behaviour close what it opened. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.closed) return;
    this.state = 'stopping';
    this.#cancelRestart();
    this.#life?.abort();
    const { platform } = this.#exchange;
    const endsAt = platform.monotonic() + deadlineMs;
    // A start that fails now has failed for its own caller; here it only matters that it is over.
    await withDeadline(
      platform,
      deadlineMs,
      this.#starting.catch(() => undefined).then(() => this.#closing),
    );
    await withDeadline(platform, endsAt - platform.monotonic(), this.#hooks.drained());
    this.#hooks.abandoned('stopped');
    const { instance } = this;
    this.instance = null;
    this.#life?.cancelTimers();
    try {
      const leftMs = Math.max(LEAST_CLOSE_MS, endsAt - platform.monotonic());
      const closed = instance === null || (await withDeadline(platform, leftMs, instance.behaviour.stop?.()));
      if (!closed) this.#log.error('the actor did not close in time', { waited_ms: leftMs });
    } finally {
      this.#life?.end();
      this.state = 'stopped';
      this.#tell({ event: 'actorStopped', payload: { ...this.#who(), cause: 'told' } });
    }
  }

  /** Ends the life in which this error happened, if it has not ended yet, and has the next one begin. */
  crash(life: Life, error: unknown, culprit?: Taken): void {
    if (life !== this.#life || life.ended) return;
    const { instance } = this;
    this.instance = null;
    life.end();
    const { kind = null, from } = culprit?.envelope ?? {};
    const handling = kind === null ? 'a timer' : `${kind} from ${from}`;
    this.#log.error(`crashed on ${handling}`, { error });
    const closed = instance === null ? this.#starting.catch(() => undefined) : this.#close(instance);
    this.#closing = closed;
    const stopping = this.state === 'stopping';
    if (!stopping) this.state = 'restarting';
    this.#hooks.crashed(crashed(this.#role, error), culprit);
    this.#tell({ event: 'actorCrashed', payload: { ...this.#who(), reason: errorMessage(error), kind } });
    if (!stopping) this.#afterCrash(error, closed);
  }

  async #live(): Promise<void> {
    const { definition, options } = this.#options;
    const life = new Life(this.#role, this.#exchange, this.#log, {
      failed: (error) => this.crash(life, error),
      timer: (runs) => this.#hooks.timer(runs),
    });
    this.#life = life;
    let behaviour: AnyBehaviour;
    try {
      behaviour = (await definition.start(life.context, options)) as AnyBehaviour;
    } catch (error) {
      // A timer may have crashed this life already; then its restart is under way and this error is one with it.
      if (life.ended) return this.#log.error('start failed after a crash', { error });
      life.end();
      throw startFailed(this.#role, error);
    }
    const instance = { life, behaviour, handlers: bindHandlers(behaviour) };
    // A timer set by start may have crashed the life before start was done: then there is nothing to run.
    if (life.ended) return this.#close(instance);
    this.instance = instance;
    if (this.state === 'restarting') this.#tell({ event: 'actorRestarted', payload: this.#who() });
    if (this.state !== 'stopping') this.state = 'running';
    this.#hooks.began();
  }

  #afterCrash(error: unknown, closed: Promise<void>): void {
    const { platform } = this.#exchange;
    const fraction = (platform.randomBytes(1)[0] ?? 0) / 256;
    const delayMs = this.#policy.crashed(platform.monotonic(), fraction);
    if (delayMs === null) {
      this.#giveUp(error);
      return;
    }
    this.#restarts = this.#hooks.restarting();
    void closed.then(() => {
      if (this.state === 'restarting') this.#restart(delayMs);
    });
  }

  #restart(delayMs: number): void {
    this.#cancelRestart = this.#exchange.platform.setTimer(delayMs, () => {
      this.#starting = this.#live().catch((error) => {
        this.#log.error('could not start again', { error });
        if (this.state !== 'restarting') return;
        this.#tell({ event: 'actorCrashed', payload: { ...this.#who(), reason: errorMessage(error), kind: null } });
        this.#afterCrash(error, Promise.resolve());
      });
    });
  }

  #giveUp(error: unknown): void {
    this.state = 'stopped';
    this.#hooks.abandoned('stopped');
    this.#tell({ event: 'actorStopped', payload: { ...this.#who(), cause: 'exhausted' } });
    const reason = errorMessage(error);
    const restarts = this.#restarts;
    const data = { code: 'actor-restarts-exhausted', actor: this.#role, restarts, reason } as const;
    const escalation = actorError(data, `actor ${this.#role} crashed again after ${restarts} restarts: ${reason}`);
    this.#exchange.report('escalation', toWireError(escalation));
  }

  #who(): { readonly actor: string; readonly thread: string } {
    return { actor: this.#role, thread: this.#exchange.thread };
  }

  #tell(news: SystemNews): void {
    this.#exchange.report('news', news);
  }

  /** Lets a crashed life close its files and ports, or its successor finds them in use. */
  async #close(instance: Instance): Promise<void> {
    try {
      await withDeadline(this.#exchange.platform, CLOSE_AFTER_CRASH_MS, instance.behaviour.stop?.());
    } catch (error) {
      this.#log.error('stop failed after a crash', { error });
    }
  }
}

function bindHandlers(behaviour: AnyBehaviour): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const group of [behaviour.handlers, behaviour.events] as unknown as Record<string, Handler>[]) {
    for (const [kind, handler] of Object.entries(group)) handlers.set(kind, handler.bind(group));
  }
  return handlers;
}

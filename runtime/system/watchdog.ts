/**
 * Finds threads whose event loop is held too long, and by what. Every thread counts a beat in its vitals from a timer;
 * main looks whether the count moves. The thread need not answer: an endless loop is named like a slow one.
 */
import type { Cancel } from './actor.js';
import type { Platform } from './platform.js';
import type { ThreadBlocked } from './system-events.js';
import type { KindName, Occupation, ThreadVitals } from './vitals.js';

export interface WatchdogOptions {
  /** A loop held longer than this is reported, once for each time it is held. */
  readonly limitMs: number;
  /** A loop held longer than this has its thread ended, and so started again; null: never. */
  readonly terminateAfterMs: number | null;
}

/** Actors answer within milliseconds (their p99 is 2 ms, DESIGN section 3): a second is neither load nor chance. */
export const DEFAULT_WATCHDOG: WatchdogOptions = { limitMs: 1_000, terminateAfterMs: null };

/** A quarter of the limit, so that it is found at 1 to 1.5 times the limit. */
export function beatIntervalMs({ limitMs }: WatchdogOptions): number {
  return Math.max(1, Math.ceil(limitMs / 4));
}

/** A thread to watch, as long as it runs. */
export interface Watched {
  readonly thread: string;
  readonly vitals: ThreadVitals;
  readonly actors: readonly { readonly role: string; readonly kinds: readonly KindName[] }[];
}

export interface WatchdogEvents {
  blocked(report: ThreadBlocked): void;
  /** A loop that was reported runs again. */
  released(thread: string, heldMs: number): void;
  /** Held beyond the hard limit. */
  expired(report: ThreadBlocked): void;
}

interface Pulse {
  readonly vitals: ThreadVitals;
  beats: number;
  silentMs: number;
  reported: boolean;
  expired: boolean;
}

export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #platform: Platform;
  readonly #watched: () => readonly Watched[];
  readonly #events: WatchdogEvents;
  readonly #pulses = new Map<string, Pulse>();
  #cancel: Cancel = () => undefined;
  #lastTick = 0;

  constructor(options: WatchdogOptions, platform: Platform, watched: () => readonly Watched[], events: WatchdogEvents) {
    this.#options = options;
    this.#platform = platform;
    this.#watched = watched;
    this.#events = events;
  }

  start(): void {
    this.#lastTick = this.#platform.monotonic();
    this.#arm();
  }

  stop(): void {
    this.#cancel();
  }

  #arm(): void {
    this.#cancel = this.#platform.setTimer(beatIntervalMs(this.#options), () => {
      this.#arm();
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#platform.monotonic();
    // When main itself was held up (a laptop that slept), the threads may have been as well: not all of it counts.
    const elapsedMs = Math.min(now - this.#lastTick, 2 * beatIntervalMs(this.#options));
    this.#lastTick = now;
    const watched = this.#watched();
    for (const thread of this.#pulses.keys()) {
      if (!watched.some((one) => one.thread === thread)) this.#pulses.delete(thread);
    }
    for (const one of watched) this.#check(one, elapsedMs);
  }

  #check(watched: Watched, elapsedMs: number): void {
    const { thread, vitals } = watched;
    const { beats } = vitals;
    const pulse = this.#pulses.get(thread);
    if (pulse?.vitals !== vitals || pulse.beats !== beats) {
      if (pulse?.reported === true && pulse.vitals === vitals) this.#events.released(thread, pulse.silentMs);
      this.#pulses.set(thread, { vitals, beats, silentMs: 0, reported: false, expired: false });
      return;
    }
    pulse.silentMs += elapsedMs;
    const { limitMs, terminateAfterMs } = this.#options;
    if (pulse.silentMs > limitMs && !pulse.reported) {
      pulse.reported = true;
      this.#events.blocked(blockReport(watched, pulse.silentMs));
    }
    if (terminateAfterMs !== null && pulse.silentMs > terminateAfterMs && !pulse.expired) {
      pulse.expired = true;
      this.#events.expired(blockReport(watched, pulse.silentMs));
    }
  }
}

function blockReport({ thread, vitals, actors }: Watched, heldMs: number): ThreadBlocked {
  const occupations = vitals.occupations();
  // Where several handlers wait for something, nothing says which of them runs on.
  const known = occupations.length === 1 ? occupations[0] : undefined;
  const { actor, kind, messageId } = nameOccupation(actors, known);
  return { thread, actor, kind, messageId, heldMs: Math.round(heldMs) };
}

/** Nobody, where nothing was begun: code that the runtime does not call, like a listener of a socket. */
export function nameOccupation(
  actors: Watched['actors'],
  occupation: Occupation | undefined,
): { readonly actor: string | null; readonly kind: string | null; readonly messageId: number } {
  const owner = occupation === undefined ? undefined : actors[occupation.actor];
  if (occupation === undefined || owner === undefined) return { actor: null, kind: null, messageId: 0 };
  const kind = occupation.kind < 0 ? 'timer' : (owner.kinds[occupation.kind]?.kind ?? null);
  return { actor: owner.role, kind, messageId: occupation.messageId };
}

/** An actor that dies in every way a thread can, and one that watches. Loaded by real worker threads. */
import { readFileSync, writeFileSync } from 'node:fs';
import { defineActor } from '../../../runtime/system/actor.js';
import { ask, protocol, tell } from '../../../runtime/system/protocol.js';
import { systemEvents } from '../../../runtime/system/system-events.js';

export const victim = protocol('victim', {
  note: tell<number>(),
  notes: ask<null, readonly number[]>(),
  /** Crashes on the first so many deliveries of this very message. */
  crash: tell<{ readonly times: number; readonly note: number }>(),
  crashAfterAwait: tell<number>({ concurrent: true }),
  hold: tell<number>({ concurrent: true }),
  timerThrow: tell<null>(),
  narrow: tell<number>({ capacity: 2, overflow: 'drop-newest' }),
  pause: ask<number, null>({ timeoutMs: 60_000 }),
  linger: ask<null, null>({ concurrent: true, timeoutMs: 60_000 }),
  exit: tell<number>(),
  exitLater: tell<number>(),
  uncaught: tell<null>(),
  outOfMemory: tell<null>(),
  spin: tell<number>(),
  spinAfterAwait: tell<number>(),
  spinInTimer: tell<number>(),
});

export interface VictimOptions {
  /** Where its notes live. */
  readonly file?: string;
  readonly neverStops?: boolean;
  /** Its `stop` writes this file after so many milliseconds. */
  readonly closes?: { readonly file: string; readonly afterMs: number };
}

function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Small objects only: one huge allocation would end the process and not just the thread. */
function fillHeap(): never {
  for (let list: unknown = null; ; ) list = { list, fill: [1, 2, 3, 4, 5, 6, 7, 8] };
}

export const victimActor = defineActor({
  role: 'victim',
  protocol: victim,
  listensTo: [],
  start(ctx, { file, neverStops, closes }: VictimOptions) {
    const notes = file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as number[]);
    const note = (value: number) => {
      notes.push(value);
      if (file !== undefined) writeFileSync(file, JSON.stringify(notes));
    };
    const wait = (ms: number) => new Promise<void>((resolve) => ctx.after(ms, resolve));
    return {
      handlers: {
        note,
        notes: () => notes,
        crash: ({ times, note: value }, { retried }) => {
          if (times > (retried === true ? 1 : 0)) throw new Error('as told');
          note(value);
        },
        crashAfterAwait: async (ms) => {
          await wait(ms);
          throw new Error('after a while');
        },
        hold: async (ms) => {
          await wait(ms);
          note(ms);
        },
        timerThrow: () => {
          ctx.after(0, () => {
            throw new Error('a timer');
          });
        },
        narrow: note,
        pause: async (ms) => {
          await wait(ms);
          return null;
        },
        linger: () => new Promise<null>(() => undefined),
        exit: (code) => process.exit(code),
        exitLater: (ms) => {
          ctx.after(ms, () => process.exit(0));
        },
        uncaught: () => {
          setTimeout(() => {
            throw new Error('nobody catches this');
          }, 0);
        },
        outOfMemory: () => fillHeap(),
        spin,
        spinAfterAwait: async (ms) => {
          await wait(1);
          setImmediate(() => spin(ms));
          await wait(ms);
        },
        spinInTimer: (ms) => {
          ctx.after(1, () => spin(ms));
        },
      },
      events: {},
      stop: async () => {
        if (neverStops === true) await new Promise<void>(() => undefined);
        if (closes === undefined) return;
        await new Promise((resolve) => setTimeout(resolve, closes.afterMs));
        writeFileSync(closes.file, 'closed');
      },
    };
  },
});

export interface Seen {
  readonly event: string;
  readonly payload: { readonly actor?: string | null; readonly kind?: string | null; readonly reason?: string };
}

export const watcher = protocol('watcher', {
  seen: ask<null, readonly Seen[]>(),
  flood: tell<{ readonly from: number; readonly to: number }>(),
});

export const watcherActor = defineActor({
  role: 'watcher',
  protocol: watcher,
  listensTo: [
    systemEvents.actorCrashed,
    systemEvents.actorRestarted,
    systemEvents.actorStopped,
    systemEvents.messageQuarantined,
    systemEvents.threadBlocked,
  ],
  start(ctx) {
    const seen: Seen[] = [];
    const see = (payload: Seen['payload'], { kind }: { readonly kind: string }) => {
      seen.push({ event: kind, payload });
    };
    return {
      handlers: {
        seen: () => seen,
        flood: ({ from, to }) => {
          for (let value = from; value < to; value += 1) ctx.tell(victim.note, value);
        },
      },
      events: {
        'system.actorCrashed': see,
        'system.actorRestarted': see,
        'system.actorStopped': see,
        'system.messageQuarantined': see,
        'system.threadBlocked': see,
      },
    };
  },
});

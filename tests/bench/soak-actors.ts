/** Sources that pace themselves, and sinks that crash. What a sink saw is kept outside its thread, to outlive it. */
import { defineActor } from '../../runtime/system/actor.js';
import { protocol, tell } from '../../runtime/system/protocol.js';

export const SINKS = ['soak-sink-0', 'soak-sink-1'] as const;
export const SOURCES = ['soak-source-0', 'soak-source-1', 'soak-source-2', 'soak-source-3'] as const;

const HANDLED = 0;
const VIOLATIONS = 1;
const CRASHES = 2;
const NEXT_CRASH = 3;
const RANDOM = 4;
const LAST = 5;
export const SLOTS = LAST + SOURCES.length;

/** Mean messages between two crashes of a sink; one crash in so many takes the thread along. */
const CRASH_EVERY = 50_000;
const THREAD_DIES_EVERY = 16;

export class Tally {
  readonly #numbers: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#numbers = new Float64Array(buffer);
  }

  get handled(): number {
    return this.#numbers[HANDLED] ?? 0;
  }
  get violations(): number {
    return this.#numbers[VIOLATIONS] ?? 0;
  }
  get crashes(): number {
    return this.#numbers[CRASHES] ?? 0;
  }

  /** Sequence numbers of one source rise; gaps are what was lost, and the sum of all finds them. */
  saw(source: number, sequence: number): void {
    const last = this.#numbers[LAST + source] ?? 0;
    if (sequence <= last) this.#numbers[VIOLATIONS] = this.violations + 1;
    this.#numbers[LAST + source] = sequence;
    this.#numbers[HANDLED] = this.handled + 1;
  }

  /** Null, or how to crash now. Before the message is counted: it is handled once more by the next life. */
  crash(): 'actor' | 'thread' | null {
    if (this.#numbers[NEXT_CRASH] === 0) this.#numbers[NEXT_CRASH] = this.#random(CRASH_EVERY * 2);
    if (this.handled < (this.#numbers[NEXT_CRASH] ?? 0)) return null;
    this.#numbers[NEXT_CRASH] = this.handled + 1 + this.#random(CRASH_EVERY * 2);
    this.#numbers[CRASHES] = this.crashes + 1;
    return this.crashes % THREAD_DIES_EVERY === 0 ? 'thread' : 'actor';
  }

  /** A linear congruential generator (Numerical Recipes); the seed is 0 on every run. */
  #random(below: number): number {
    const next = (Math.imul(this.#numbers[RANDOM] ?? 0, 1_664_525) + 1_013_904_223) >>> 0;
    this.#numbers[RANDOM] = next;
    return Math.floor((next / 2 ** 32) * below);
  }
}

export const soakSinks = SINKS.map((role) =>
  protocol(role, { take: tell<{ readonly source: number; readonly sequence: number; readonly note: string }>() }),
);
export const soakSources = SOURCES.map((role) => protocol(role, { start: tell<{ readonly count: number }>() }));

function sinkActor(index: number) {
  const own = at(soakSinks, index);
  return defineActor({
    role: own.take.role,
    protocol: own,
    listensTo: [],
    start(_ctx, { tally: buffer }: { readonly tally: SharedArrayBuffer }) {
      const tally = new Tally(buffer);
      return {
        handlers: {
          take: ({ source, sequence }) => {
            const how = tally.crash();
            if (how === 'thread') process.exit(1);
            if (how === 'actor') throw new Error('a crash of the soak test');
            tally.saw(source, sequence);
          },
        },
        events: {},
      };
    },
  });
}

function sourceActor(index: number) {
  const own = at(soakSources, index);
  return defineActor({
    role: own.start.role,
    protocol: own,
    listensTo: [],
    start: (ctx) => ({
      handlers: {
        start: async ({ count }) => {
          for (let sent = 1; sent <= count; sent += 1) {
            const { take } = at(soakSinks, sent % soakSinks.length);
            if (!ctx.canSend(take)) await ctx.ready(take);
            ctx.tell(take, { source: index, sequence: sent, note: 'twenty letters long.' });
          }
        },
      },
      events: {},
    }),
  });
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no element ${index}`);
  return value;
}

export const sink0 = sinkActor(0);
export const sink1 = sinkActor(1);
export const source0 = sourceActor(0);
export const source1 = sourceActor(1);
export const source2 = sourceActor(2);
export const source3 = sourceActor(3);

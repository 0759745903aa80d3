/** Actors for the tests of the actor system. Their modules are loaded by real worker threads. */
import { DoinError } from '../../../runtime/errors.js';
import { defineActor } from '../../../runtime/system/actor.js';
import { ask, event, protocol, tell } from '../../../runtime/system/protocol.js';

export type Payload = { readonly [key: string]: unknown };

export const echo = protocol('echo', {
  reflect: ask<unknown, unknown>(),
  note: tell<number>(),
  notes: ask<null, readonly number[]>(),
  noted: event<{ readonly value: number; readonly bytes: Uint8Array }>(),
  never: ask<null, null>({ timeoutMs: 60_000, concurrent: true }),
  slow: ask<number, number>(),
  refuse: ask<string, null>(),
  throwPlain: ask<string, null>(),
  tellThrow: tell<string>(),
  tellThrowOnce: tell<string>(),
  tellRefuse: tell<string>(),
  exit: tell<number>(),
  uncaught: tell<string>(),
  timerThrow: tell<string>(),
  schedule: ask<null, readonly number[]>(),
  life: ask<null, { readonly starts: number; readonly stops: number }>(),
  story: ask<null, { readonly traceId: string; readonly causeId: number; readonly id: number }>(),
  hold: tell<number>({ concurrent: true }),
  burstOldest: tell<number>({ capacity: 3, overflow: 'drop-oldest' }),
  burstNewest: tell<number>({ capacity: 3, overflow: 'drop-newest' }),
  burstWait: tell<number>({ capacity: 3 }),
  narrow: ask<number, number>({ capacity: 2 }),
});

/** Survives a restart of the actor, not of its thread. */
const life = { starts: 0, stops: 0 };

export const echoActor = defineActor({
  role: 'echo',
  protocol: echo,
  listensTo: [],
  start(ctx, options: { readonly failStartsAfter?: number }) {
    life.starts += 1;
    if (options.failStartsAfter !== undefined && life.starts > options.failStartsAfter)
      throw new Error('no more starts');
    const notes: number[] = [];
    const ticks: number[] = [];
    const wait = (ms: number) => new Promise<void>((resolve) => ctx.after(ms, resolve));
    const note = (value: number) => {
      notes.push(value);
    };
    return {
      handlers: {
        reflect: (value) => value,
        note: (value) => {
          notes.push(value);
          ctx.emit(echo.noted, { value, bytes: new Uint8Array([value & 255]) });
        },
        notes: () => notes,
        never: () => new Promise<null>(() => undefined),
        slow: async (ms) => {
          await wait(ms);
          return ms;
        },
        refuse: (field) => {
          throw new DoinError({ code: 'refused', field, limit: 2n ** 70n }, `${field} is refused`);
        },
        throwPlain: (text) => {
          throw new Error(text);
        },
        tellThrow: (text) => {
          throw new Error(text);
        },
        tellThrowOnce: (text, { retried }) => {
          if (retried !== true) throw new Error(text);
        },
        tellRefuse: (text) => {
          throw new DoinError({ code: 'refused' }, text);
        },
        exit: (code) => {
          process.exit(code);
        },
        uncaught: (text) => {
          setTimeout(() => {
            throw new Error(text);
          }, 0);
        },
        timerThrow: (text) => {
          ctx.after(0, () => {
            throw new Error(text);
          });
        },
        schedule: async () => {
          ticks.length = 0;
          await new Promise<void>((resolve) => {
            const cancel = ctx.every(1, () => {
              if (ticks.push(ticks.length) < 3) return;
              cancel();
              resolve();
            });
          });
          return ticks;
        },
        life: () => ({ ...life }),
        story: (_, { traceId, causeId, id }) => ({ traceId, causeId, id }),
        hold: (ms) => wait(ms),
        burstOldest: note,
        burstNewest: note,
        burstWait: note,
        narrow: async (ms) => {
          await wait(ms);
          return ms;
        },
      },
      events: {},
      stop: () => {
        life.stops += 1;
      },
      inspect: () => ({ notes: notes.length }),
    };
  },
});

export const probe = protocol('probe', {
  forward: ask<unknown, unknown>(),
  burst: tell<{ readonly kind: 'note' | 'burstOldest' | 'burstNewest' | 'burstWait'; readonly count: number }>(),
  seen: ask<null, readonly { readonly value: number; readonly bytes: Uint8Array; readonly kind: string }[]>(),
  storyAcross: ask<
    null,
    { readonly mine: string; readonly theirs: string; readonly cause: number; readonly id: number }
  >(),
  mutate: ask<null, { readonly sent: number; readonly arrived: unknown }>(),
  handOver: ask<number, { readonly leftBehind: number; readonly arrived: unknown }>(),
  askEcho: ask<'never' | 'throwPlain', string>({ concurrent: true }),
  stream: ask<null, readonly string[]>(),
});

export const probeActor = defineActor({
  role: 'probe',
  protocol: probe,
  listensTo: [echo.noted],
  start(ctx) {
    const seen: { value: number; bytes: Uint8Array; kind: string }[] = [];
    const taken: string[] = [];
    ctx.messages.subscribe(({ kind }) => taken.push(kind));
    return {
      handlers: {
        forward: (value) => ctx.ask(echo.reflect, value),
        burst: ({ kind, count }) => {
          for (let value = 0; value < count; value += 1) ctx.tell(echo[kind], value);
        },
        seen: () => seen,
        storyAcross: async (_, envelope) => {
          await new Promise<void>((resolve) => ctx.after(1, resolve));
          const { traceId, causeId } = await ctx.ask(echo.story, null);
          return { mine: envelope.traceId, theirs: traceId, cause: causeId, id: envelope.id };
        },
        mutate: async () => {
          const payload = { value: 1, bytes: new Uint8Array([1]) };
          const reply = ctx.ask(echo.reflect, payload);
          payload.value = 2;
          payload.bytes[0] = 2;
          return { sent: payload.value, arrived: await reply };
        },
        handOver: async (sizeBytes) => {
          const bytes = new Uint8Array(sizeBytes).fill(7);
          const reply = ctx.ask(echo.reflect, { bytes }, { transfer: [bytes.buffer] });
          return { leftBehind: bytes.byteLength, arrived: await reply };
        },
        askEcho: async (kind) => {
          try {
            await (kind === 'never' ? ctx.ask(echo.never, null) : ctx.ask(echo.throwPlain, 'broken'));
            return 'answered';
          } catch (error) {
            return error instanceof DoinError ? error.code : `not a DoinError: ${String(error)}`;
          }
        },
        stream: () => taken,
      },
      events: {
        'echo.noted': ({ value, bytes }, { kind }) => {
          seen.push({ value, bytes, kind });
        },
      },
    };
  },
});

export const failing = protocol('failing', { nothing: ask<null, null>() });

export const failingActor = defineActor({
  role: 'failing',
  protocol: failing,
  listensTo: [],
  start(): never {
    throw new DoinError({ code: 'disk-broken', path: 'x' }, 'the disk is broken');
  },
});

/** Its start needs an answer of an actor whose start fails. */
export const dependentActor = defineActor({
  role: 'dependent',
  protocol: protocol('dependent', {}),
  listensTo: [],
  async start(ctx) {
    await ctx.ask(failing.nothing, null, { timeoutMs: 60_000 }).catch((error) => {
      ctx.log.warn(`hears ${error.code}`);
    });
    return { handlers: {}, events: {} };
  },
});

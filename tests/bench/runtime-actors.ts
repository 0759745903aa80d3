/** Actors of the runtime benchmarks: one that counts and reflects, and some that send from a thread of their own. */
import { defineActor } from '../../runtime/system/actor.js';
import { ask, event, protocol, tell } from '../../runtime/system/protocol.js';

/** About 100 bytes as msgpack, or more with a longer note. */
export interface Sample {
  readonly id: string;
  readonly height: number;
  readonly hash: Uint8Array;
  readonly note: string;
}

export function sample(height: number, noteLength = 20): Sample {
  return {
    id: 'optimum-0123456789',
    height,
    hash: new Uint8Array(32),
    note: 'twenty letters long.'.padEnd(noteLength),
  };
}

export const sink = protocol('sink', {
  count: tell<Sample>({ capacity: 1_000_000 }),
  blob: tell<{ readonly bytes: Uint8Array }>({ capacity: 1_000_000 }),
  expect: tell<{ readonly count: number }>(),
  reflect: ask<Sample, Sample>(),
  counted: event<{ readonly count: number }>(),
});

export const sinkActor = defineActor({
  role: 'sink',
  protocol: sink,
  listensTo: [],
  start(ctx) {
    let count = 0;
    let expected = 0;
    const counted = () => {
      count += 1;
      if (count === expected) ctx.emit(sink.counted, { count });
    };
    return {
      handlers: {
        count: counted,
        blob: counted,
        expect: (wanted) => {
          count = 0;
          expected = wanted.count;
        },
        reflect: (value) => value,
      },
      events: {},
    };
  },
});

/** Four senders, for many to one. */
export const SENDERS = ['sender-0', 'sender-1', 'sender-2', 'sender-3'] as const;

function senderProtocol<const Role extends string>(role: Role) {
  return protocol(role, {
    flood: tell<{ readonly count: number }>(),
    pingPong: ask<{ readonly count: number }, { readonly elapsedMs: number }>({ timeoutMs: 60_000 }),
  });
}

export const senders = SENDERS.map(senderProtocol);

function senderActor(index: number) {
  const own = senders[index] ?? senderProtocol('sender-0');
  return defineActor({
    role: own.flood.role,
    protocol: own,
    listensTo: [],
    start: (ctx) => ({
      handlers: {
        flood: ({ count }) => {
          const payload = sample(1);
          for (let sent = 0; sent < count; sent += 1) ctx.tell(sink.count, payload);
        },
        pingPong: async ({ count }) => {
          const payload = sample(1);
          const startedAt = ctx.monotonic();
          for (let trip = 0; trip < count; trip += 1) await ctx.ask(sink.reflect, payload);
          return { elapsedMs: ctx.monotonic() - startedAt };
        },
      },
      events: {},
    }),
  });
}

export const sender0 = senderActor(0);
export const sender1 = senderActor(1);
export const sender2 = senderActor(2);
export const sender3 = senderActor(3);

/** Actors of the runtime benchmarks: one that counts, and one that sends from its own thread. */
import { defineActor } from '../../runtime/system/actor.js';
import { ask, event, protocol, tell } from '../../runtime/system/protocol.js';

/** About 100 bytes as msgpack. */
export interface Sample {
  readonly id: string;
  readonly height: number;
  readonly hash: Uint8Array;
  readonly note: string;
}

export function sample(height: number): Sample {
  return { id: 'optimum-0123456789', height, hash: new Uint8Array(32), note: 'twenty letters long.' };
}

export const sink = protocol('sink', {
  count: tell<Sample>({ capacity: 1_000_000 }),
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
    return {
      handlers: {
        count: () => {
          count += 1;
          if (count === expected) ctx.emit(sink.counted, { count });
        },
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

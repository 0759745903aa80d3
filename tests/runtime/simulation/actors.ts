/** Small actors for the simulation's own tests. */
import { DoinError } from '../../../runtime/errors.js';
import { defineActor } from '../../../runtime/system/actor.js';
import { ask, event, protocol, tell } from '../../../runtime/system/protocol.js';

export const counter = protocol('counter', {
  add: tell<{ from: string; value: number }>(),
  read: ask<null, { seen: readonly string[]; starts: number }>(),
  fail: tell<null>(),
  slow: ask<number, number>(),
  added: event<number>(),
});

/** What survives a crash, as a file would. */
export class Notebook {
  readonly seen: string[] = [];
  starts = 0;
  stops = 0;
}

export function counterActor(notebook: Notebook) {
  return defineActor({
    role: 'counter',
    protocol: counter,
    listensTo: [],
    start: (ctx) => {
      notebook.starts += 1;
      return {
        handlers: {
          add: ({ from, value }) => {
            notebook.seen.push(`${from}${value}`);
            ctx.emit(counter.added, value);
          },
          read: () => ({ seen: notebook.seen, starts: notebook.starts }),
          fail: () => {
            throw new Error('told to fail');
          },
          slow: async (ms) => {
            await new Promise<void>((resolve) => ctx.after(ms, resolve));
            return ctx.now();
          },
        },
        events: {},
        stop: () => {
          notebook.stops += 1;
        },
      };
    },
  });
}

export const sender = protocol('sender', {
  askSlow: ask<number, string>({ concurrent: true, timeoutMs: 600_000 }),
  heard: ask<null, readonly number[]>(),
});

/** Sends a number every few milliseconds; asks what it is told to. */
export function senderActor<const Role extends string>(role: Role) {
  const own = protocol(role, {
    askSlow: ask<number, string>({ concurrent: true, timeoutMs: 600_000 }),
    heard: ask<null, readonly number[]>(),
  });
  const definition = defineActor({
    role,
    protocol: own,
    listensTo: [counter.added],
    start: (ctx, { count }: { readonly count: number }) => {
      const heard: number[] = [];
      let value = 0;
      const cancel = ctx.every(5, () => {
        value += 1;
        if (value <= count) ctx.tell(counter.add, { from: role, value });
        else cancel();
      });
      return {
        handlers: {
          askSlow: async (ms) => {
            try {
              await ctx.ask(counter.slow, ms, { timeoutMs: 5_000 });
              return 'ok';
            } catch (error) {
              return error instanceof DoinError ? error.code : String(error);
            }
          },
          heard: () => heard,
        },
        events: {
          'counter.added': (added: number) => {
            heard.push(added);
          },
        },
      };
    },
  });
  return { definition, own };
}

/** A slow receiver with a small mailbox, and a sender on another thread that floods it with or without waiting. */
import type { ExecutionContext } from 'ava';
import { defineActor } from '../../../runtime/system/actor.js';
import { ask, protocol, tell } from '../../../runtime/system/protocol.js';
import { ActorSystem } from '../../../runtime/system/system.js';

export const slow = protocol('slow', {
  take: tell<number>({ capacity: 8 }),
  seen: ask<null, { readonly values: readonly number[] }>(),
  pace: ask<{ readonly count: number; readonly waits: boolean }, { readonly waited: number }>({ concurrent: true }),
});
export const fast = protocol('fast', {
  pace: ask<{ readonly count: number; readonly waits: boolean }, { readonly waited: number }>({ timeoutMs: 60_000 }),
});

export const slowActor = defineActor({
  role: 'slow',
  protocol: slow,
  listensTo: [],
  start(ctx) {
    const values: number[] = [];
    return {
      handlers: {
        take: async (value) => {
          await new Promise<void>((resolve) => ctx.after(0, resolve));
          values.push(value);
        },
        seen: () => ({ values }),
        pace: (request) => ctx.ask(fast.pace, request),
      },
      events: {},
    };
  },
});

export const fastActor = defineActor({
  role: 'fast',
  protocol: fast,
  listensTo: [],
  start: (ctx) => ({
    handlers: {
      pace: async ({ count, waits }) => {
        let waited = 0;
        for (let value = 0; value < count; value += 1) {
          if (waits && !ctx.canSend(slow.take)) {
            waited += 1;
            await ctx.ready(slow.take);
          }
          ctx.tell(slow.take, value);
        }
        return { waited };
      },
    },
    events: {},
  }),
});

const module = new URL('./transport-actors.js', import.meta.url).href;

export async function systemOf(
  t: ExecutionContext,
  placement: Readonly<Record<string, readonly string[]>>,
): Promise<ActorSystem> {
  const system = await ActorSystem.start({
    actors: [
      { role: 'slow', module, exportName: 'slowActor', options: {} },
      { role: 'fast', module, exportName: 'fastActor', options: {} },
    ],
    placement,
    onEscalation: (error) => t.fail(error.message),
  });
  t.teardown(() => system.stop([], 100));
  return system;
}

/**
 * Faults inside an actor, for real systems and simulations alike: a definition that behaves as another one does,
 * except for chosen messages. (What happens to messages on their way, `Simulation.inject` decides.)
 *
 *     export const flakyChain = withFaults(chainActor, [{ on: chain.receiveBlock, crash: true, times: 1 }]);
 */
import type { ActorContext, ActorDefinition, AnyProtocol, Envelope } from '../actor.js';
import { pause } from '../pause.js';
import type { Ask, Event, Tell } from '../protocol.js';

// biome-ignore lint/suspicious/noExplicitAny: matches references of every payload type
type Dropable = Tell<any> | Event<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyMessage = Dropable | Ask<any, any>;

interface When {
  /** Share of the messages that are hit, 0 to 1; default 1. */
  readonly share?: number;
  /** The fault ends after so many hits; kept over restarts of the actor on one thread. Default: never. */
  readonly times?: number;
}

export type HandlerFault = When &
  (
    | { readonly on: AnyMessage; readonly delayMs: number }
    /** The actor throws instead of handling the message. */
    | { readonly on: AnyMessage; readonly crash: true }
    | { readonly on: AnyMessage; readonly duplicate: true }
    /** Asks cannot be dropped here: their handler would have to stay busy. Drop them on the way, or delay them. */
    | { readonly on: Dropable; readonly drop: true }
  );

type Handler = (payload: unknown, envelope: Envelope) => unknown;
type Group = Record<string, Handler>;

export function withFaults<P extends AnyProtocol, L extends ActorDefinition['listensTo'], Options>(
  definition: ActorDefinition<P, L, Options>,
  faults: readonly HandlerFault[],
): ActorDefinition<P, L, Options> {
  const active = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  const wrap = (ctx: ActorContext, name: string, handler: Handler): Handler => {
    const own = active.filter(({ fault: { on } }) => (on.type === 'event' ? on.name : on.kind) === name);
    if (own.length === 0) return handler;
    return async (payload, envelope) => {
      let run = handler;
      for (const entry of own) {
        if (entry.left <= 0 || !hits(ctx, entry.fault.share)) continue;
        entry.left -= 1;
        run = harmed(ctx, entry.fault, run);
      }
      return run(payload, envelope);
    };
  };
  return {
    ...definition,
    start: async (ctx, options) => {
      const behaviour = await definition.start(ctx, options);
      const group = (handlers: unknown, bound: Group) =>
        Object.fromEntries(
          Object.entries(handlers as Group).map(([name, handler]) => [name, wrap(ctx, name, handler.bind(bound))]),
        );
      const handlers = group(behaviour.handlers, behaviour.handlers as unknown as Group);
      const events = group(behaviour.events, behaviour.events as unknown as Group);
      return { ...behaviour, handlers, events } as unknown as typeof behaviour;
    },
  };
}

function harmed(ctx: ActorContext, fault: HandlerFault, run: Handler): Handler {
  if ('crash' in fault) {
    return () => {
      throw new Error(`injected crash on ${fault.on.name}`);
    };
  }
  if ('drop' in fault) return () => undefined;
  if ('duplicate' in fault) {
    return async (payload, envelope) => {
      await run(payload, envelope);
      return run(payload, envelope);
    };
  }
  return async (payload, envelope) => {
    await pause(ctx, fault.delayMs);
    return run(payload, envelope);
  };
}

/** Seeded in simulations, as all chance there. */
function hits(ctx: ActorContext, share: number | undefined): boolean {
  if (share === undefined) return true;
  const [high = 0, low = 0] = ctx.randomBytes(2);
  return (high * 256 + low) / 65_536 < share;
}

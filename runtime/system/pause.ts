import type { ActorContext } from './actor.js';

/** Resolves after so long on the actor's own clock; never when its life ends before. */
export function pause(ctx: Pick<ActorContext, 'after'>, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    ctx.after(delayMs, resolve);
  });
}

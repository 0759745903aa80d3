/** What repeated questions to the chain do while it restarts: they come again, so one that got no answer is no crash. */
import { isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';

/** For the `catch` of a repeating timer. Without it a crash of the chain would pull down everybody who just asked it. */
export function unlessChainRestarts(ctx: ActorContext): (error: unknown) => void {
  return (error) => {
    if (!isDoinError(error, 'actor-crashed') && !isDoinError(error, 'ask-timeout')) throw error;
    ctx.log.info('the chain did not answer; asked again soon', { reason: error.message });
  };
}

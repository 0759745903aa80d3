/** Solves a client puzzle in short pieces, so that its thread stays answerable. */
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { findStamp, type Stamped } from './stamp.js';

/** Two or three milliseconds of hashing. */
const PIECE = 2_048;

/** Rejects with the reason of the actor's end. */
export async function solveStamp(ctx: ActorContext, subject: Stamped, bits: number): Promise<number> {
  for (let from = 0; ; from += PIECE) {
    ctx.signal.throwIfAborted();
    const stamp = findStamp(subject, bits, { from, count: PIECE });
    if (stamp !== null) return stamp;
    await pause(ctx, 0);
  }
}

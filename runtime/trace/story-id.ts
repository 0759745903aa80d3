/**
 * The trace id of an optimum or a block is the beginning of its own id. So every actor and every node arrives at the
 * same one without a byte on the wire, and a filter for an optimum matches messages that only carry its story.
 */
import type { SendOptions } from '../system/actor.js';

/** 64 bits, as random trace ids have: no two stories of a network's life collide by chance. */
export const STORY_DIGITS = 16;

export function storyIdOf(hash: string): string {
  return hash.slice(0, STORY_DIGITS);
}

/** For `ctx.tell`, `ctx.ask` and `ctx.emit`: this message belongs to the story of that optimum or block. */
export function inStoryOf(hash: string): Pick<SendOptions, 'traceId'> {
  return { traceId: storyIdOf(hash) };
}

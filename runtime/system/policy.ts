/**
 * The one table of mailbox policies: what the options of a message in its role's `messages.ts` resolve to, and where
 * every default comes from. Everything that queues, drops, holds back or overtakes reads it from here.
 *
 * | number               | value   | source                                                                          |
 * |----------------------|---------|---------------------------------------------------------------------------------|
 * | DEFAULT_CAPACITY     | 1024    | about 1 ms of work at 1 M messages/s; a page of 100-byte messages is 100 KiB     |
 * | READY_AT             | 1/2     | wakes a waiting sender once for each half window, not once for each message      |
 * | HELD_LIMIT           | 65536   | 64 default windows: a sender that never asks `canSend` costs 10 MB, then drops   |
 * | OVERTAKES_IN_A_ROW   | 64      | an eighth of a default window: telemetry is late under load, never starved       |
 * | CREDIT_SLOTS         | 1023    | with its flag one 4 KiB page for each direction of a link; all roles use 300     |
 */
import type { MessageOptions, MessagePriority, OverflowPolicy } from './protocol.js';

export const DEFAULT_CAPACITY = 1024;
export const READY_AT = 0.5;
export const HELD_LIMIT = 65_536;
export const OVERTAKES_IN_A_ROW = 64;
export const CREDIT_SLOTS = 1023;

/** Most urgent first; the index is the lane of the mailbox. */
export const PRIORITIES = ['high', 'normal', 'low'] as const satisfies readonly MessagePriority[];

export interface KindPolicy {
  /** Messages of the kind that may wait: in the mailbox, and for `backpressure` on the way from each other thread. */
  readonly capacity: number;
  readonly overflow: OverflowPolicy;
  /** Lane: index in PRIORITIES. */
  readonly lane: number;
  /** Whether its handlers run beside each other. */
  readonly concurrent: boolean;
}

export function kindPolicy(options: MessageOptions): KindPolicy {
  const { capacity = DEFAULT_CAPACITY, overflow = 'backpressure', priority = 'normal', concurrent = false } = options;
  return { capacity, overflow, lane: PRIORITIES.indexOf(priority), concurrent };
}

/**
 * Whether senders on other threads are held back by credits. Asks are not: their caller waits anyway, and one too many
 * is refused at once, which its caller can act on.
 */
export function usesCredits(policy: KindPolicy, type: 'tell' | 'ask' | 'event'): boolean {
  return policy.overflow === 'backpressure' && type !== 'ask';
}

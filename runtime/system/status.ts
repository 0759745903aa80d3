/** What can be asked about an actor at any time. Field names as they appear in `/status`. */
import type { ActorTimes, ThreadLoad } from './metrics.js';

export type ActorState = 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped';

export interface ActorStatus {
  readonly name: string;
  readonly thread: string;
  readonly state: ActorState;
  readonly mailbox_depth: number;
  /** Of the actor itself and of its thread. */
  readonly restarts: number;
  readonly handled: number;
  /** Messages refused or thrown out by a full mailbox, by kind; kinds without any are left out. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Messages that waited beyond their kind's capacity. */
  readonly overflowed: number;
  readonly dead_letters: number;
  /** Messages that crashed the actor twice and were set aside. */
  readonly quarantined: number;
  /** Times that the actor's thread was found blocked. */
  readonly blocked: number;
  readonly event_loop_p99_ms: number;
  /** How long its messages waited and took, of a sample; null while its thread does not answer. */
  readonly times: ActorTimes | null;
  /** Of its thread; null while that does not answer. */
  readonly load: ThreadLoad | null;
}

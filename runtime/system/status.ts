/** What can be asked about an actor at any time. Field names as they appear in `/status`. */
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
  readonly event_loop_p99_ms: number;
}

/** What main tells a thread when it starts it, and the calls it can make afterwards over the control port. */
import type { MessagePort } from 'node:worker_threads';
import { DoinError } from '../errors.js';
import type { TraceFilter } from '../trace/filter.js';
import { fromWireError, startFailed, toWireError, type WireError } from './errors.js';
import type { ClockBase } from './platform.js';
import type { RestartOptions } from './restart-policy.js';
import type { ActorStatus } from './status.js';
import type { KindName } from './vitals.js';

export interface ActorSpec {
  readonly role: string;
  /** `file:` URL of a compiled ESM module. */
  readonly module: string;
  /** Named export holding an ActorDefinition, or a function without arguments that makes one. */
  readonly exportName: string;
  /** Becomes `start`'s options. Crosses a thread: plain data. */
  readonly options: unknown;
}

export interface ThreadLink {
  readonly thread: string;
  readonly port: MessagePort;
  /** Of the other thread's present life; null for main. */
  readonly vitals: SharedArrayBuffer | null;
}

export interface ThreadBoot {
  readonly thread: string;
  readonly number: number;
  readonly control: MessagePort;
  readonly links: readonly ThreadLink[];
  /** All threads; a thread's place is its number in the vitals of the others. */
  readonly threads: readonly string[];
  /** Where this life of the thread writes its vitals. */
  readonly vitals: SharedArrayBuffer;
  /** How often it does so. */
  readonly beatIntervalMs: number;
  readonly routes: readonly (readonly [role: string, thread: string])[];
  readonly actors: readonly ActorSpec[];
  readonly preload: string | null;
  readonly clock: ClockBase;
  readonly restart: RestartOptions;
  readonly logLevel: string;
  readonly trace: TraceFilter | null;
}

/** Errors go back as data: comlink rebuilds plain Errors only, without the code that programs match on. */
export interface Result<T> {
  /** Absent when there is an error. */
  readonly value?: T;
  readonly error?: WireError;
}

export interface LoadedActor {
  readonly role: string;
  /** Names of the events it listens to. */
  readonly listensTo: readonly string[];
  /** The messages it takes, in the order of its vitals. */
  readonly kinds: readonly KindName[];
}

export interface ThreadControl {
  /** Imports the modules and makes the cells; nothing runs yet. */
  load(): Promise<Result<readonly LoadedActor[]>>;
  /** Starts the actors once every thread's events are known: event -> threads that listen. */
  start(
    audiences: readonly (readonly [event: string, threads: readonly string[]])[],
    again: boolean,
  ): Promise<Result<null>>;
  stop(role: string, deadlineMs: number): Promise<Result<null>>;
  health(): readonly ActorStatus[];
  inspect(role: string): unknown;
  setTrace(filter: TraceFilter | null): void;
  setLogLevel(level: string): void;
  /** The new port to a thread that was started again. */
  relink(thread: string, port: MessagePort, vitals: SharedArrayBuffer): void;
  /** A thread is gone for good. */
  unlink(thread: string): void;
}

export async function toResult<T>(actor: string, run: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: toWireError(error instanceof DoinError ? error : startFailed(actor, error)) };
  }
}

export function fromResult<T>(result: Result<T>): T {
  if (result.error !== undefined) throw fromWireError(result.error);
  return result.value as T;
}

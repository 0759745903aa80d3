/** What happened in a simulation, in order. Two runs of one seed have byte-identical traces. */
import { createHash } from 'node:crypto';
import type { TraceRecord } from '../../trace/record.js';
import type { LogRecord } from '../logging.js';
import type { Fate, MessageOnItsWay } from './faults.js';

export type SimulationEvent =
  /** A message was handled. */
  | { readonly what: 'handled'; readonly node: string; readonly record: TraceRecord }
  /** Only those of the chosen level and above. */
  | { readonly what: 'log'; readonly node: string; readonly record: LogRecord }
  | { readonly what: 'fault'; readonly node: string; readonly fate: Fate; readonly message: MessageOnItsWay }
  | { readonly what: 'thread-crashed' | 'thread-restarted'; readonly node: string; readonly thread: string }
  | { readonly what: 'node-started' | 'node-crashed' | 'node-restarted' | 'node-stopped'; readonly node: string }
  /** An actor or thread crashed too often, or could not start: the node went down. */
  | { readonly what: 'escalation'; readonly node: string; readonly reason: string }
  | { readonly what: 'dead-letters'; readonly node: string; readonly count: number }
  | { readonly what: 'partition'; readonly groups: readonly (readonly string[])[] }
  | { readonly what: 'heal' };

export type SimulationRecord = SimulationEvent & {
  /** Virtual milliseconds since the start. */
  readonly at: number;
};

/** The records as text, one JSON line each. */
export function traceText(records: readonly SimulationRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** SHA-256 of the text, hex: what two runs are compared by, and what a bug report quotes next to the seed. */
export function traceDigest(records: readonly SimulationRecord[]): string {
  const hash = createHash('sha256');
  for (const record of records) hash.update(`${JSON.stringify(record)}\n`);
  return hash.digest('hex');
}

import type { Envelope } from '../system/actor.js';
import { subjectsOf } from './subjects.js';

/** What is known of one handled message. */
export interface TraceRecord {
  /** When the handler began, milliseconds since the epoch. */
  readonly time: number;
  readonly thread: string;
  readonly actor: string;
  readonly kind: string;
  readonly type: 'tell' | 'ask' | 'event';
  readonly from: string;
  readonly id: number;
  /** Id of the message whose handler sent this one; 0 at the start of a chain of causes. */
  readonly causeId: number;
  readonly traceId: string;
  /** Ids of the optima that the payload names. */
  readonly optima: readonly string[];
  /** Hash and height of the block that it names. */
  readonly block: string | null;
  readonly height: number | null;
  /** From sending to the handler's begin, and from there to its end. */
  readonly waitMs: number;
  readonly handleMs: number;
  /** `ok`, the code of a typed error, or `crashed`. */
  readonly outcome: string;
}

export function traceRecord(
  envelope: Envelope,
  thread: string,
  actor: string,
  startedAt: number,
  endedAt: number,
  outcome: string,
): TraceRecord {
  const { kind, type, from, id, causeId, traceId, sentAt, payload } = envelope;
  const { optima, block, height } = subjectsOf(type === 'event' ? kind : `${actor}.${kind}`, payload);
  return {
    time: startedAt,
    thread,
    actor,
    kind,
    type,
    from,
    id,
    causeId,
    traceId,
    optima,
    block,
    height,
    // Clocks of two threads agree to some 0.01 ms only.
    waitMs: Math.max(0, startedAt - sentAt),
    handleMs: endedAt - startedAt,
    outcome,
  };
}

/** A record on its way to main: without names and thread, which would be half of its bytes and of the time to pack it. */
export type TraceRow = readonly [
  time: number,
  actor: string,
  kind: string,
  type: TraceRecord['type'],
  from: string,
  id: number,
  causeId: number,
  traceId: string,
  optima: readonly string[],
  block: string | null,
  height: number | null,
  waitMs: number,
  handleMs: number,
  outcome: string,
];

export function rowOf(record: TraceRecord): TraceRow {
  const { time, actor, kind, type, from, id, causeId, traceId, optima, block, height } = record;
  const { waitMs, handleMs, outcome } = record;
  return [time, actor, kind, type, from, id, causeId, traceId, optima, block, height, waitMs, handleMs, outcome];
}

export function recordOf(row: TraceRow, thread: string): TraceRecord {
  const [time, actor, kind, type, from, id, causeId, traceId, optima, block, height, waitMs, handleMs, outcome] = row;
  const common = { time, thread, actor, kind, type, from, id, causeId, traceId };
  return { ...common, optima, block, height, waitMs, handleMs, outcome };
}

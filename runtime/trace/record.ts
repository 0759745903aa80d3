import type { Envelope } from '../system/actor.js';

/** What is known of one handled message, and its line on the terminal. */
export interface TraceRecord {
  /** When the handler began, milliseconds since the epoch. */
  readonly time: number;
  readonly actor: string;
  readonly kind: string;
  readonly type: 'tell' | 'ask' | 'event';
  readonly from: string;
  readonly id: number;
  /** Id of the message whose handler sent this one; 0 at the start of a chain of causes. */
  readonly causeId: number;
  readonly traceId: string;
  /** From sending to the handler's begin, and from there to its end. */
  readonly waitMs: number;
  readonly handleMs: number;
  /** `ok`, the code of a typed error, or `crashed`. */
  readonly outcome: string;
}

export function traceRecord(
  envelope: Envelope,
  actor: string,
  startedAt: number,
  endedAt: number,
  outcome: string,
): TraceRecord {
  const { kind, type, from, id, causeId, traceId, sentAt } = envelope;
  const waitMs = startedAt - sentAt;
  return {
    time: startedAt,
    actor,
    kind,
    type,
    from,
    id,
    causeId,
    traceId,
    waitMs,
    handleMs: endedAt - startedAt,
    outcome,
  };
}

/** `12:00:00.123 chain <- gossip submit #41 cause #40 trace 0123456789abcdef wait 0.05 ms handle 1.20 ms ok` */
export function formatTraceRecord(record: TraceRecord): string {
  const clock = new Date(record.time).toISOString().slice(11, 23);
  const { actor, from, kind, id, causeId, traceId, waitMs, handleMs, outcome } = record;
  const cause = causeId === 0 ? 'cause -' : `cause #${causeId}`;
  const times = `wait ${waitMs.toFixed(2)} ms handle ${handleMs.toFixed(2)} ms`;
  return `${clock} ${actor} <- ${from} ${kind} #${id} ${cause} trace ${traceId} ${times} ${outcome}`;
}

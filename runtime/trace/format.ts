/** A trace record as a line on the terminal and as JSON. */
import type { TraceRecord } from './record.js';

/** As `/trace` and `doin trace --json` show it. */
export interface TraceJson {
  readonly event: 'message';
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly thread: string;
  readonly actor: string;
  readonly kind: string;
  readonly type: TraceRecord['type'];
  readonly from: string;
  readonly id: number;
  readonly cause_id: number;
  readonly trace_id: string;
  readonly optima: readonly string[];
  readonly block: string | null;
  readonly height: number | null;
  readonly wait_ms: number;
  readonly handle_ms: number;
  readonly outcome: string;
}

/** Microseconds are what the clocks of the threads agree on. */
const rounded = (milliseconds: number) => Math.round(milliseconds * 1000) / 1000;

export function traceJson(record: TraceRecord): TraceJson {
  const { time, thread, actor, kind, type, from, id, optima, block, height, outcome } = record;
  return {
    event: 'message',
    at: rounded(time),
    thread,
    actor,
    kind,
    type,
    from,
    id,
    cause_id: record.causeId,
    trace_id: record.traceId,
    optima,
    block,
    height,
    wait_ms: rounded(record.waitMs),
    handle_ms: rounded(record.handleMs),
    outcome,
  };
}

export function recordOfJson(json: TraceJson): TraceRecord {
  const { event: _event, at, cause_id, trace_id, wait_ms, handle_ms, ...rest } = json;
  return { ...rest, time: at, causeId: cause_id, traceId: trace_id, waitMs: wait_ms, handleMs: handle_ms };
}

/** ANSI SGR codes; the actor's own colour comes from its name, so that it is the same in every run. */
const DIM = 2;
const RED = 31;
const ACTOR_COLOURS = [36, 32, 33, 35, 34, 96, 92, 93, 95, 94];
/** A handler that takes longer than this delays everything its actor is asked meanwhile. */
const SLOW_MS = 100;

type Paint = (code: number, text: string) => string;
const PLAIN: Paint = (_code, text) => text;
const COLOURED: Paint = (code, text) => `\u001b[${code}m${text}\u001b[0m`;

/** `12:00:00.123 chain <- gossip submit #41 cause #40 trace 0123456789abcdef wait 0.05 ms handle 1.20 ms ok` */
export function formatTraceRecord(record: TraceRecord, isColoured = false): string {
  const paint = isColoured ? COLOURED : PLAIN;
  const { actor, from, kind, id, causeId, traceId, waitMs, handleMs, outcome } = record;
  const cause = causeId === 0 ? 'cause -' : `cause #${causeId}`;
  const wait = paint(waitMs > SLOW_MS ? RED : DIM, `wait ${waitMs.toFixed(2)} ms`);
  const handle = paint(handleMs > SLOW_MS ? RED : DIM, `handle ${handleMs.toFixed(2)} ms`);
  return [
    paint(DIM, new Date(record.time).toISOString().slice(11, 23)),
    `${paint(colourOf(actor), actor)} <- ${paint(colourOf(from), from)} ${kind}`,
    paint(DIM, `#${id} ${cause} trace`),
    `${traceId} ${wait} ${handle} ${outcome === 'ok' ? outcome : paint(RED, outcome)}${subjects(record, paint)}`,
  ].join(' ');
}

/** The story's id is the beginning of its optimum's or block's id: only what it does not say is added. */
function subjects({ optima, block, height, traceId }: TraceRecord, paint: Paint): string {
  const others = optima.filter((optimum) => !optimum.startsWith(traceId)).map((optimum) => optimum.slice(0, 8));
  const words = [
    height === null ? '' : ` block ${height}`,
    height === null && block !== null ? ` block ${block.slice(0, 8)}` : '',
    others.length === 0 ? '' : ` optimum ${others.join(' ')}`,
  ];
  return paint(DIM, words.join(''));
}

function colourOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return ACTOR_COLOURS[sum % ACTOR_COLOURS.length] ?? DIM;
}

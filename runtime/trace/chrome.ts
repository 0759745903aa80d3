/**
 * Trace records in the Chrome trace-event format, which Perfetto (ui.perfetto.dev) and chrome://tracing open. See
 * "Trace Event Format" by the Catapult project: complete events `X`, flow events `s` and `f`, metadata `M`; times in
 * microseconds.
 *
 * A handler run is one slice on its thread's row. Handlers of one thread that wait (for a reply, for the pool) overlap,
 * and slices of one row may not: what does not fit goes to a second row, a third... An arrow leads from the run that
 * sent a message to the run that it caused; its length is the wait.
 */
import type { TraceRecord } from './record.js';

export type ChromeEvent =
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name' | 'thread_sort_index';
      readonly pid: number;
      readonly tid: number;
      readonly args: Readonly<Record<string, string | number>>;
    }
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | {
      readonly ph: 's' | 'f';
      readonly name: string;
      readonly cat: 'cause';
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly id: number;
      /** `f` only: the arrow ends at the slice that encloses it, not at the next one. */
      readonly bp?: 'e';
    }
  | {
      readonly ph: 'i';
      readonly name: string;
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly s: 'p';
    };

const PID = 1;
/** Rows of one thread have consecutive numbers; more handlers than this never wait at once (mailbox capacities). */
const ROWS_PER_THREAD = 1024;
/** Runs that later ones may name as their cause, and arrows that wait for their cause to end. */
const MAX_REMEMBERED = 8192;

interface Run {
  readonly tid: number;
  readonly startUs: number;
  readonly endUs: number;
}

interface Thread {
  readonly number: number;
  /** When each row's last slice ends. */
  readonly rows: number[];
}

type Arrow = Pick<TraceRecord, 'id' | 'kind'> & { readonly sentUs: number };

export class ChromeTrace {
  /** Milliseconds since the epoch that the file counts from: a double cannot hold today in nanoseconds. */
  readonly #originMs: number;
  readonly #threads = new Map<string, Thread>();
  readonly #runs = new Map<number, Run>();
  readonly #arrows = new Map<number, Arrow[]>();

  constructor(originMs: number) {
    this.#originMs = originMs;
  }

  begin(processName: string): ChromeEvent[] {
    const name = `${processName} (0 is ${new Date(this.#originMs).toISOString()})`;
    return [{ ph: 'M', name: 'process_name', pid: PID, tid: 0, args: { name } }];
  }

  dropped(count: number, thread: string, atMs: number): ChromeEvent {
    const name = `${count} records of ${thread} lost`;
    return { ph: 'i', name, pid: PID, tid: 0, ts: this.#microseconds(atMs), s: 'p' };
  }

  /** Records of one thread come in the order in which their handlers ended. */
  events(record: TraceRecord): ChromeEvent[] {
    const startUs = this.#microseconds(record.time);
    const endUs = this.#microseconds(record.time + record.handleMs);
    const events: ChromeEvent[] = [];
    const tid = this.#row(record.thread, startUs, endUs, events);
    const run = { tid, startUs, endUs };
    events.push(slice(record, run));
    remember(this.#runs, record.id, run);
    // A message from a timer, from the main thread or from another node has no cause here.
    if (record.causeId !== 0) {
      const { id, kind } = record;
      events.push({ ph: 'f', bp: 'e', name: kind, cat: 'cause', pid: PID, tid, ts: startUs, id });
      const arrow = { id, kind, sentUs: this.#microseconds(record.time - record.waitMs) };
      const cause = this.#runs.get(record.causeId);
      if (cause !== undefined) events.push(arrowFrom(cause, arrow));
      else remember(this.#arrows, record.causeId, [...(this.#arrows.get(record.causeId) ?? []), arrow]);
    }
    for (const arrow of this.#arrows.get(record.id) ?? []) events.push(arrowFrom(run, arrow));
    this.#arrows.delete(record.id);
    return events;
  }

  /** The first row of the thread that is free at that time; a new row is announced by its name. */
  #row(name: string, startUs: number, endUs: number, events: ChromeEvent[]): number {
    let thread = this.#threads.get(name);
    if (thread === undefined) {
      thread = { number: this.#threads.size + 1, rows: [] };
      this.#threads.set(name, thread);
    }
    const free = thread.rows.findIndex((lastEndUs) => lastEndUs <= startUs);
    const row = free < 0 ? thread.rows.length : free;
    const tid = thread.number * ROWS_PER_THREAD + row;
    if (free < 0) {
      const title = row === 0 ? name : `${name}, waiting ${row}`;
      events.push({ ph: 'M', name: 'thread_name', pid: PID, tid, args: { name: title } });
      events.push({ ph: 'M', name: 'thread_sort_index', pid: PID, tid, args: { sort_index: tid } });
    }
    thread.rows[row] = endUs;
    return tid;
  }

  #microseconds(atMs: number): number {
    return Math.round((atMs - this.#originMs) * 1e6) / 1e3;
  }
}

function slice(record: TraceRecord, { tid, startUs, endUs }: Run): ChromeEvent {
  const { actor, kind, from, id, causeId, traceId, waitMs, outcome, optima, block, height } = record;
  const args = {
    from,
    id,
    cause: causeId,
    trace: traceId,
    wait_ms: waitMs,
    outcome,
    ...(optima.length > 0 && { optima }),
    ...(block !== null && { block }),
    ...(height !== null && { height }),
  };
  const dur = Math.round((endUs - startUs) * 1e3) / 1e3;
  return { ph: 'X', name: `${actor} ${kind}`, cat: actor, pid: PID, tid, ts: startUs, dur, args };
}

/** An arrow begins inside the slice it comes from, or viewers drop it; what was sent after the run's end begins there. */
function arrowFrom(cause: Run, { id, kind, sentUs }: Arrow): ChromeEvent {
  const ts = Math.min(Math.max(sentUs, cause.startUs), cause.endUs);
  return { ph: 's', name: kind, cat: 'cause', pid: PID, tid: cause.tid, ts, id };
}

function remember<V>(map: Map<number, V>, id: number, value: V): void {
  map.set(id, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

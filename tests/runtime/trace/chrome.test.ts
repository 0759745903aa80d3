import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { isDoinError } from '../../../runtime/errors.js';
import { type ChromeEvent, ChromeTrace } from '../../../runtime/trace/chrome.js';
import { TRACE_ALL } from '../../../runtime/trace/filter.js';
import { TraceFile } from '../../../runtime/trace/trace-file.js';
import { probe } from '../system/actors.js';
import { startSystem, TOGETHER } from '../system/harness.js';
import { OPTIMUM, sampleRecord } from './samples.js';

type Slice = Extract<ChromeEvent, { ph: 'X' }>;
type Flow = Extract<ChromeEvent, { ph: 's' | 'f' }>;
const slicesOf = (events: readonly ChromeEvent[]) => events.filter((event): event is Slice => event.ph === 'X');
const flowsOf = (events: readonly ChromeEvent[], ph: 's' | 'f') =>
  events.filter((event): event is Flow => event.ph === ph);

/** What viewers require: no two slices of a row overlap, and every arrow begins and ends in one. */
function problemsOf(events: readonly ChromeEvent[]): string[] {
  const problems: string[] = [];
  const slices = slicesOf(events);
  // Times are rounded to nanoseconds; sums of them may differ in the last bit.
  const EPSILON = 1e-4;
  const rows = Map.groupBy === undefined ? groupByRow(slices) : Map.groupBy(slices, ({ tid }) => tid);
  for (const [tid, row] of rows) {
    const sorted = [...row].sort((left, right) => left.ts - right.ts);
    sorted.forEach((slice, index) => {
      const next = sorted[index + 1];
      if (next !== undefined && slice.ts + slice.dur > next.ts + EPSILON) problems.push(`overlap on row ${tid}`);
    });
    if (!events.some((event) => event.ph === 'M' && event.name === 'thread_name' && event.tid === tid)) {
      problems.push(`row ${tid} has no name`);
    }
  }
  const isInside = ({ tid, ts }: Flow) =>
    slices.some((slice) => slice.tid === tid && slice.ts <= ts + EPSILON && ts <= slice.ts + slice.dur + EPSILON);
  for (const flow of [...flowsOf(events, 's'), ...flowsOf(events, 'f')]) {
    if (!isInside(flow)) problems.push(`arrow ${flow.id} ${flow.ph} is in no slice`);
  }
  return problems;
}

function groupByRow(slices: readonly Slice[]): Map<number, Slice[]> {
  const rows = new Map<number, Slice[]>();
  for (const slice of slices) rows.set(slice.tid, [...(rows.get(slice.tid) ?? []), slice]);
  return rows;
}

test('a handler run is a slice on the row of its thread, with what is known of the message', (t) => {
  const trace = new ChromeTrace(1_000);
  const events = trace.events(sampleRecord({ time: 1_123, causeId: 0, optima: [OPTIMUM], height: 3 }));
  const [slice] = slicesOf(events);
  t.like(slice, { name: 'chain submit', cat: 'chain', ts: 123_000, dur: 1_200 });
  t.like(slice?.args, { from: 'gossip', trace: '0123456789abcdef', wait_ms: 0.054, optima: [OPTIMUM], height: 3 });
  t.like(events[0], { ph: 'M', name: 'thread_name', args: { name: 'chain' }, tid: slice!.tid });
  t.deepEqual(flowsOf(events, 'f'), [], 'a message without a cause has no arrow');
});

test('an arrow leads from the run that sent a message to the run it caused, whichever of the two ended first', (t) => {
  const origin = 1_000_000;
  for (const isParentFirst of [true, false]) {
    const trace = new ChromeTrace(origin);
    const parent = sampleRecord({ id: 1, causeId: 0, thread: 'a', time: origin, handleMs: 10 });
    const child = sampleRecord({ id: 2, causeId: 1, thread: 'b', time: origin + 5, waitMs: 3, handleMs: 1 });
    const events = (isParentFirst ? [parent, child] : [child, parent]).flatMap((record) => trace.events(record));
    t.deepEqual(problemsOf(events), []);
    t.like(flowsOf(events, 's')[0], { id: 2, ts: 2_000 });
    t.like(flowsOf(events, 'f')[0], { id: 2, ts: 5_000, bp: 'e' });
    t.deepEqual([flowsOf(events, 's').length, flowsOf(events, 'f').length], [1, 1]);
  }
});

test('what a handler sends after its end starts its arrow at the end', (t) => {
  const trace = new ChromeTrace(0);
  const events = [
    ...trace.events(sampleRecord({ id: 1, causeId: 0, time: 10, handleMs: 1 })),
    ...trace.events(sampleRecord({ id: 2, causeId: 1, time: 20, waitMs: 2, handleMs: 1 })),
  ];
  t.is(flowsOf(events, 's')[0]?.ts, 11_000);
  t.deepEqual(problemsOf(events), []);
});

const runs = fc.array(
  fc.record({
    thread: fc.constantFrom('a', 'b'),
    start: fc.integer({ min: 0, max: 200 }),
    length: fc.integer({ min: 1, max: 100 }),
    cause: fc.nat(),
  }),
  { maxLength: 40 },
);

test('whatever runs overlap, no two slices of a row do, and arrows begin and end in slices', (t) => {
  fc.assert(
    fc.property(runs, (list) => {
      const trace = new ChromeTrace(0);
      const ended = list
        .map(({ thread, start, length, cause }, index) =>
          sampleRecord({
            id: index + 1,
            causeId: cause % (index + 1),
            thread,
            time: start,
            waitMs: 1,
            handleMs: length,
          }),
        )
        .sort((left, right) => left.time + left.handleMs - (right.time + right.handleMs));
      const events = ended.flatMap((record) => trace.events(record));
      const starts = new Set(flowsOf(events, 's').map(({ id }) => id));
      return problemsOf(events).length === 0 && flowsOf(events, 'f').every(({ id }) => starts.has(id));
    }),
  );
  t.pass();
});

async function traceOfSystem(t: Parameters<typeof startSystem>[0], close: boolean): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), 'doin-trace-')), 't.json');
  const file = await TraceFile.open(path, 'doin test', Date.now, (message) => t.fail(message));
  const { system } = await startSystem(t, {
    placement: TOGETHER,
    trace: TRACE_ALL,
    onTrace: (record) => file.record(record),
  });
  system.tell(probe.burst, { kind: 'note', count: 50 });
  await Promise.all([system.ask(probe.storyAcross, null), system.ask(probe.forward, 1), system.ask(probe.seen, null)]);
  await system.stop();
  file.dropped(7, 'shared');
  if (close) await file.close();
  else await new Promise((resolve) => setTimeout(resolve, 250));
  const text = readFileSync(path, 'utf8');
  if (!close) await file.close();
  return text;
}

test('the trace file of a running system is JSON with threads, slices and arrows that fit together', async (t) => {
  const events = JSON.parse(await traceOfSystem(t, true)) as ChromeEvent[];
  t.deepEqual(problemsOf(events), []);
  const names = slicesOf(events).map(({ name }) => name);
  t.is(names.filter((name) => name === 'echo note').length, 50);
  t.is(names.filter((name) => name === 'probe echo.noted').length, 50);
  const reflect = slicesOf(events).find(({ name }) => name === 'echo reflect');
  const forward = slicesOf(events).find(({ name }) => name === 'probe forward');
  const arrow = flowsOf(events, 's').find(({ id }) => id === reflect?.args.id);
  t.is(reflect?.args.cause, forward?.args.id);
  t.is(arrow?.tid, forward?.tid, 'the arrow begins on the row of the cause');
  t.not(reflect?.tid, forward?.tid, 'which waits for the reply, so the two overlap and have rows of their own');
  t.true(events.some((event) => event.ph === 'i' && event.name === '7 records of shared lost'));
  t.like(events[0], { ph: 'M', name: 'process_name' });
});

test('the file of a node that was killed lacks the bracket only', async (t) => {
  const text = await traceOfSystem(t, false);
  t.throws(() => JSON.parse(text));
  const events = JSON.parse(`${text}]`) as ChromeEvent[];
  t.deepEqual(problemsOf(events), []);
  t.true(slicesOf(events).length > 100);
});

test('a trace file that cannot be written is refused by name before the node starts', async (t) => {
  const path = join(tmpdir(), 'doin-no-such-folder', 't.json');
  const error = await t.throwsAsync(TraceFile.open(path, 'doin', Date.now, () => undefined));
  t.true(isDoinError(error, 'trace-file-unwritable'));
  t.true(error?.message.includes(path));
});

import test from 'ava';
import { parseTraceFilter, TRACE_ALL } from '../../../runtime/trace/filter.js';
import { formatTraceRecord, recordOfJson, traceJson } from '../../../runtime/trace/format.js';
import { TraceHub } from '../../../runtime/trace/hub.js';
import { recordOf, rowOf, type TraceRecord } from '../../../runtime/trace/record.js';
import { type TraceBatch, TraceRecorder } from '../../../runtime/trace/recorder.js';
import { echo, probe } from '../system/actors.js';
import { startSystem, until } from '../system/harness.js';
import { BLOCK, OPTIMUM, OTHER, sampleEnvelope, sampleRecord } from './samples.js';

test('a trace line names time, actor, kind, sender, cause, story, waiting, handling and outcome', (t) => {
  t.is(
    formatTraceRecord(sampleRecord()),
    '22:13:20.123 chain <- gossip submit #41 cause #40 trace 0123456789abcdef wait 0.05 ms handle 1.20 ms ok',
  );
});

test('a trace line adds the block and the optima that its story does not name already', (t) => {
  const line = formatTraceRecord(sampleRecord({ traceId: OPTIMUM.slice(0, 16), optima: [OPTIMUM, OTHER], height: 7 }));
  t.regex(line, / ok block 7 optimum ab13ab13$/);
  t.regex(formatTraceRecord(sampleRecord({ block: BLOCK })), / ok block cd34cd34$/);
});

test('a coloured line says the same as a plain one, and shows failures and slow handlers in red', (t) => {
  const record = sampleRecord({ outcome: 'mailbox-full', handleMs: 500, height: 3 });
  const coloured = formatTraceRecord(record, true);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes are what is removed
  t.is(coloured.replace(/\u001b\[\d+m/g, ''), formatTraceRecord(record));
  t.true(coloured.includes('\u001b[31mmailbox-full'));
  t.true(coloured.includes('\u001b[31mhandle 500.00 ms'));
});

test('a record survives its JSON and its row', (t) => {
  const record = sampleRecord({ waitMs: 0.125, handleMs: 2.25, optima: [OPTIMUM], block: BLOCK, height: 2 });
  t.deepEqual(recordOfJson(JSON.parse(JSON.stringify(traceJson(record)))), record);
  t.deepEqual(recordOf(rowOf(record), record.thread), record);
});

const idsOf = ({ rows, thread }: TraceBatch) => rows.map((row) => recordOf(row, thread).id);

function recorderWith(filter: string | null, capacity = 4) {
  const batches: TraceBatch[] = [];
  const timers: (() => void)[] = [];
  const recorder = new TraceRecorder({
    thread: 'one',
    platform: {
      setTimer: (_delayMs, callback) => {
        timers.push(callback);
        return () => undefined;
      },
    },
    filter: filter === null ? null : parseTraceFilter(filter),
    send: (batch) => batches.push(batch),
    capacity,
  });
  /** As a cell does for each message of a traced kind. */
  const record = (id: number, kind = 'submit', payload: unknown = {}, traceId = 'f'.repeat(16)) => {
    if (!recorder.isTraced('chain', kind) || !recorder.hasRoom()) return;
    recorder.record(sampleEnvelope({ id, kind, payload, traceId }), 'chain', 1, 2, 'ok');
  };
  return { recorder, record, batches, timers };
}

test('a recorder sends what it recorded together, and one timer is enough for it', (t) => {
  const { record, batches, timers } = recorderWith('chain.sub*');
  record(1);
  record(2, 'other');
  record(3);
  t.is(batches.length, 0);
  t.is(timers.length, 1);
  timers[0]!();
  t.deepEqual(
    batches.map((batch) => [idsOf(batch), batch.dropped, batch.thread]),
    [[[1, 3], 0, 'one']],
  );
});

test('records beyond the capacity of a moment are counted, those that the filter is not about are not', (t) => {
  const { recorder, record, batches } = recorderWith('*');
  for (let id = 1; id <= 10; id += 1) record(id);
  recorder.flush();
  record(11);
  recorder.flush();
  recorder.flush();
  t.deepEqual(
    batches.map((batch) => [idsOf(batch), batch.dropped]),
    [
      [[1, 2, 3, 4], 6],
      [[11], 0],
    ],
  );
  const selective = recorderWith('optimum:ab12', 1);
  for (const optimum of [OPTIMUM, OPTIMUM, OTHER]) selective.record(1, 'note', { optimum }, optimum.slice(0, 16));
  selective.recorder.flush();
  t.is(selective.batches[0]?.dropped, 1);
});

test('a recorder that is off wants nothing and records nothing', (t) => {
  const { recorder, record, batches, timers } = recorderWith(null);
  t.false(recorder.isTraced('chain', 'submit'));
  record(1);
  recorder.setFilter(TRACE_ALL);
  t.true(recorder.isTraced('chain', 'submit'));
  t.deepEqual([batches, timers.length], [[], 0]);
});

test('the threads trace what any listener wants, and nothing after the last one left', async (t) => {
  const applied: (readonly string[] | null)[] = [];
  const hub = new TraceHub((error) => t.fail(String(error)));
  hub.connect(async (filter) => void applied.push(filter?.include ?? null));
  const seen: string[] = [];
  const listener = (name: string) => ({
    record: ({ actor }: TraceRecord) => void seen.push(`${name} ${actor}`),
    dropped: (count: number) => void seen.push(`${name} ${count}`),
  });
  const first = hub.subscribe(parseTraceFilter('chain'), listener('first'));
  await first.ready;
  const second = hub.subscribe(parseTraceFilter('*,-chain'), listener('second'));
  await second.ready;
  hub.publish(sampleRecord());
  hub.publish(sampleRecord({ actor: 'quorum' }));
  hub.dropped(3, 'chain');
  first.cancel();
  first.cancel();
  hub.publish(sampleRecord());
  await until(
    async () => applied.length,
    (count) => count === 3,
  );
  second.cancel();
  await until(
    async () => applied.length,
    (count) => count === 4,
  );
  t.deepEqual(seen, ['first chain', 'second quorum', 'first 3', 'second 3']);
  t.deepEqual(applied, [['chain'], ['chain', '*'], ['*'], null]);
});

test('a thread that cannot be told now does not keep the next change from the others', async (t) => {
  const errors: unknown[] = [];
  const hub = new TraceHub((error) => errors.push(error));
  let calls = 0;
  hub.connect(async () => {
    calls += 1;
    if (calls === 1) throw new Error('restarting');
  });
  const { ready, cancel } = hub.subscribe(TRACE_ALL, { record: () => undefined, dropped: () => undefined });
  await ready;
  cancel();
  await until(
    async () => calls,
    (count) => count === 2,
  );
  t.is(errors.length, 1);
});

test('tracing shows each message of a traced actor when on, and none when off', async (t) => {
  const records: TraceRecord[] = [];
  const { system } = await startSystem(t, { onTrace: (record) => records.push(record) });
  await system.ask(probe.forward, 1);
  t.deepEqual(records, []);
  await system.setTrace(parseTraceFilter('echo'));
  await system.ask(probe.forward, 2);
  await t.throwsAsync(system.ask(echo.refuse, 'x'));
  await t.throwsAsync(system.ask(echo.throwPlain, 'x'));
  await system.ask(echo.notes, null);
  await until(
    async () => records.length,
    (count) => count === 4,
  );
  t.deepEqual(
    records.map(({ thread, actor, kind, from, outcome }) => [thread, actor, kind, from, outcome]),
    [
      ['echo', 'echo', 'reflect', 'probe', 'ok'],
      ['echo', 'echo', 'refuse', 'main', 'refused'],
      ['echo', 'echo', 'throwPlain', 'main', 'crashed'],
      ['echo', 'echo', 'notes', 'main', 'ok'],
    ],
  );
  t.true(records.every(({ waitMs, handleMs }) => waitMs >= 0 && handleMs >= 0));
  await system.setTrace(null);
  const count = records.length;
  await system.ask(probe.forward, 3);
  await system.stop();
  t.is(records.length, count);
});

test('a filter for an optimum shows the messages about it only, whatever thread handles them', async (t) => {
  const records: TraceRecord[] = [];
  const { system } = await startSystem(t, {
    trace: parseTraceFilter('optimum:ab12'),
    onTrace: (record) => records.push(record),
  });
  const inStory = { traceId: 'aaaa000000000001' };
  await system.ask(echo.reflect, { optimum: OTHER });
  await system.ask(echo.reflect, { optimum: OPTIMUM }, inStory);
  await system.ask(echo.reflect, 'no id, same story', inStory);
  await system.ask(echo.reflect, 'no id, other story');
  await system.stop();
  t.deepEqual(
    records.map(({ kind, optima, traceId }) => [kind, optima, traceId]),
    [
      ['reflect', [OPTIMUM], inStory.traceId],
      ['reflect', [], inStory.traceId],
    ],
  );
});

test('what an actor handled last before the stop is traced', async (t) => {
  const records: TraceRecord[] = [];
  const { system } = await startSystem(t, { trace: TRACE_ALL, onTrace: (record) => records.push(record) });
  system.tell(echo.note, 1);
  await system.ask(echo.notes, null);
  await system.stop();
  t.deepEqual(
    records.filter(({ actor }) => actor === 'echo').map(({ kind }) => kind),
    ['note', 'notes'],
  );
});

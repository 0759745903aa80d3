import test from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import { isTraced, parseTraceFilter, traceFilterFromDebug } from '../../../runtime/trace/filter.js';
import { formatTraceRecord, type TraceRecord } from '../../../runtime/trace/record.js';
import { echo, probe } from '../system/actors.js';
import { startSystem } from '../system/harness.js';

const traced = (text: string, role: string, kind = 'submit') => isTraced(parseTraceFilter(text), role, kind);

test('a trace filter lists actors, patterns and kinds', (t) => {
  t.true(traced('chain,gossip', 'gossip'));
  t.false(traced('chain,gossip', 'quorum'));
  t.true(traced('*', 'quorum'));
  t.true(traced('task*', 'task-queue'));
  t.true(traced('chain.sub*', 'chain', 'submit'));
  t.false(traced('chain.sub*', 'chain', 'status'));
  t.false(traced('*,-gossip', 'gossip'));
  t.false(traced('', 'chain'));
});

test('DEBUG turns tracing on for names with our prefix only', (t) => {
  t.true(isTraced(traceFilterFromDebug('libp2p:*,doin:chain*'), 'chain', 'submit'));
  t.false(isTraced(traceFilterFromDebug('libp2p:*,doin:chain*'), 'libp2p', 'submit'));
  t.true(traced('doin:*,-doin:gossip', 'chain'));
  t.false(traced('doin:*,-doin:gossip', 'gossip'));
  t.is(traceFilterFromDebug('libp2p:*'), null);
  t.is(traceFilterFromDebug(undefined), null);
});

test('a trace filter that is no name or pattern is refused by name', (t) => {
  const error = t.throws(() => parseTraceFilter('chain,$x'));
  t.true(isDoinError(error, 'trace-filter-invalid'));
  t.regex(error?.message ?? '', /\$x/);
});

test('a trace line names time, actor, kind, sender, cause, story, waiting, handling and outcome', (t) => {
  const record: TraceRecord = {
    time: 1_700_000_000_123,
    actor: 'chain',
    kind: 'submit',
    type: 'ask',
    from: 'gossip',
    id: 41,
    causeId: 40,
    traceId: '0123456789abcdef',
    waitMs: 0.054,
    handleMs: 1.2,
    outcome: 'ok',
  };
  t.is(
    formatTraceRecord(record),
    '22:13:20.123 chain <- gossip submit #41 cause #40 trace 0123456789abcdef wait 0.05 ms handle 1.20 ms ok',
  );
});

test('tracing prints one line for each message of a traced actor when on, and none when off', async (t) => {
  const records: TraceRecord[] = [];
  const { system } = await startSystem(t, { onTrace: (record) => records.push(record) });
  await system.ask(probe.forward, 1);
  t.deepEqual(records, []);
  await system.setTrace(parseTraceFilter('echo'));
  await system.ask(probe.forward, 2);
  await t.throwsAsync(system.ask(echo.refuse, 'x'));
  await t.throwsAsync(system.ask(echo.throwPlain, 'x'));
  await system.ask(echo.notes, null);
  t.deepEqual(
    records.slice(0, 3).map(({ actor, kind, from, outcome }) => [actor, kind, from, outcome]),
    [
      ['echo', 'reflect', 'probe', 'ok'],
      ['echo', 'refuse', 'main', 'refused'],
      ['echo', 'throwPlain', 'main', 'crashed'],
    ],
  );
  t.true(records.every(({ waitMs, handleMs }) => waitMs >= 0 && handleMs >= 0));
  await system.setTrace(null);
  const count = records.length;
  await system.ask(probe.forward, 3);
  t.is(records.length, count);
});

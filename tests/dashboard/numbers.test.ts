/** The page's own arithmetic, which has no DOM. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import { packageRoot } from '../../runtime/package-info.js';
import { sampleStatus } from '../http/samples.js';

const load = async (name: string) =>
  import(pathToFileURL(join(packageRoot, 'runtime/dashboard/public', name)).href) as Promise<
    Record<string, CallableFunction>
  >;

test('a parameter that decides gets nearly all, one that does nothing nearly nothing, whatever the scale', async (t) => {
  const { importance } = await load('statistics.js');
  const trials = Array.from({ length: 400 }, (_, index) => {
    const rate = ((index * 7919) % 400) / 400;
    return {
      performance: Math.exp(10 * rate),
      parameters: { noise: (index * 104_729) % 400, rate, kind: rate > 0.5 ? 'b' : 'a', constant: 3 },
    };
  });
  const found = importance!(trials) as { name: string; effect: number; correlation: number | null }[];
  t.is(found[0]!.name, 'rate');
  t.true(found[0]!.effect > 0.95);
  t.true(Math.abs(found[0]!.correlation! - 1) < 1e-9);
  const of = (name: string) => found.find((one) => one.name === name)!;
  t.true(of('kind').effect > 0.6 && of('kind').correlation === null);
  t.true(of('noise').effect < 0.1);
  t.like(of('constant'), { effect: 0, correlation: null });
  t.deepEqual(importance!(trials.slice(0, 5)), [], 'a handful of trials says nothing');
});

test('ranks are what sorting says, ties shared', async (t) => {
  const { ranks } = await load('statistics.js');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), (values) => {
      const found = ranks!(values) as number[];
      for (const [index, value] of values.entries()) {
        const below = values.filter((other) => other < value).length;
        const equal = values.filter((other) => other === value).length;
        t.is(found[index], below + (equal + 1) / 2);
      }
    }),
  );
});

test('the lines of best and verified never fall back, and rounds of a second experiment count on', async (t) => {
  const { convergenceColumns } = await load('series.js');
  const point = (round: number, at: number, performance: number) => ({ round, timestamp_ms: at, performance });
  const convergence = {
    trials: [point(1, 1000, 0.5), point(2, 2000, 0.3), point(1, 3000, 0.4), point(2, 4000, 0.9)],
    improvements: [point(1, 1000, 0.5), point(2, 4000, 0.9)],
    accepted: [
      { verified: 0.45, reported: 0.5, timestamp_ms: 1500 },
      { verified: 0.85, reported: 0.9, timestamp_ms: 4500 },
    ],
  };
  const columns = (axis: string, maximize: boolean) =>
    convergenceColumns!(convergence, { maximize, axis, nowMs: 5000 }) as (number | null)[][];
  const [rounds, trials, best, verified] = columns('round', true);
  t.deepEqual(rounds, [1, 2, 3, 4]);
  t.deepEqual(trials, [0.5, 0.3, 0.4, 0.9]);
  t.deepEqual(best, [0.5, 0.5, 0.5, 0.9]);
  t.deepEqual(verified, [0.45, 0.45, 0.45, 0.85]);
  t.deepEqual(columns('time', true)[0], [1, 1.5, 2, 3, 4, 4.5, 5]);
  t.is(columns('time', false)[2]!.at(-1), 0.3, 'of a metric to minimise the lowest is best');
});

test('alerts name what is wrong, the worst first, and a calm node has none', async (t) => {
  const { alertsOf } = await load('alerts.js');
  const nowMs = 1_800_000_000_000;
  const calm = { ...sampleStatus, refused: {}, dead_letters: { total: 0, recent: [] } };
  const of = (change: object, incidents: object[] = []) =>
    alertsOf!({ status: { ...calm, ...change }, incidents, nowMs }) as {
      severity: string;
      key: string;
      text: string;
    }[];
  t.deepEqual(of({}), []);
  const lie = {
    kind: 'false-vote',
    node_id: 'ee'.repeat(32),
    optimum: 'ab'.repeat(32),
    seat: 1,
    height: 9,
    timestamp_ms: nowMs,
  };
  const rejected = { ...lie, kind: 'rejected', reason: 'overstated' };
  const found = of({ network: 'net', peers: 0, finalized_height: 0, chain_height: 200 }, [rejected, lie]);
  t.deepEqual(
    found.map(({ severity }) => severity),
    ['critical', 'critical', 'warning', 'notice'],
  );
  t.regex(found.map(({ text }) => text).join('\n'), /Liar caught: eeeeeeee/);
  t.deepEqual(of({}, [{ ...lie, timestamp_ms: nowMs - 90_000_000 }]), [], 'what is a day old is history');
  t.deepEqual(of({}, [{ ...rejected, reason: 'not-better' }]), [], 'to come second is no attack');
  t.is(of({ dead_letters: { total: 3, recent: [] } })[0]?.key, 'dead-letters');
  t.is(of({ refused: { 'bad-signature': 2 } })[0]?.key, 'refused');
});

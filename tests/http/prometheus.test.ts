/** The page that Prometheus reads: its format, and that every number of the actors is on it. */
import test from 'ava';
import { createHttpServer } from '../../runtime/http/server.js';
import { sampleSource } from './samples.js';

const SAMPLE = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9.e+-]+|NaN)$/u;

async function page(): Promise<string> {
  const app = await createHttpServer({ source: sampleSource(7) });
  const response = await app.inject({ url: '/metrics' });
  await app.close();
  if (!String(response.headers['content-type']).startsWith('text/plain; version=0.0.4')) throw new Error('wrong type');
  return response.body;
}

test('each sample belongs to the family announced above it, and each family is announced once', async (t) => {
  const text = await page();
  t.true(text.endsWith('\n'));
  let current = '';
  let type = '';
  const seen = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    const announced = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/u.exec(line);
    if (announced !== null) {
      [, current = '', type = ''] = announced;
      t.false(seen.has(current), current);
      t.is(current.endsWith('_total'), type === 'counter', current);
      seen.add(current);
      continue;
    }
    if (line.startsWith('# HELP ')) continue;
    const [, name = ''] = SAMPLE.exec(line) ?? [];
    t.not(name, '', `not a sample: ${line}`);
    t.is(type === 'histogram' ? name.replace(/_(bucket|sum|count)$/u, '') : name, current, line);
  }
  t.true(seen.size > 20);
});

test('drops are told by actor and kind, whatever the kind is called', async (t) => {
  t.true((await page()).includes('doin_actor_dropped_total{actor="chain",kind="progress\\"\\n"} 4\n'));
});

test('buckets of a histogram count all that is below their bound', async (t) => {
  const lines = (await page()).split('\n').filter((line) => line.startsWith('doin_actor_wait_seconds'));
  t.deepEqual(lines, [
    'doin_actor_wait_seconds_bucket{actor="chain",le="0.000001"} 0',
    'doin_actor_wait_seconds_bucket{actor="chain",le="0.000002"} 2',
    'doin_actor_wait_seconds_bucket{actor="chain",le="0.000004"} 3',
    'doin_actor_wait_seconds_bucket{actor="chain",le="+Inf"} 3',
    'doin_actor_wait_seconds_sum{actor="chain"} 0.000006',
    'doin_actor_wait_seconds_count{actor="chain"} 3',
  ]);
});

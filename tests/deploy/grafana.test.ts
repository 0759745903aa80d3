/** Every query of the dashboards in the repository finds something on a node's page of metrics. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createHttpServer } from '../../runtime/http/server.js';
import { packageRoot } from '../../runtime/package-info.js';
import { sampleSource } from '../http/samples.js';
import { metricsOf, problemsOf } from '../kit/promql.js';

interface Board {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const folder = join(packageRoot, 'deploy/grafana/dashboards');

async function page(): Promise<string> {
  const app = await createHttpServer({ source: sampleSource(7) });
  const { body } = await app.inject({ url: '/metrics' });
  await app.close();
  return body;
}

for (const file of readdirSync(folder)) {
  test(`every query of ${file} finds its metric and its labels`, async (t) => {
    const metrics = metricsOf(await page());
    const { panels } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Board;
    t.true(panels.length >= 12);
    for (const { title, targets } of panels) {
      for (const { expr } of targets) t.deepEqual(problemsOf(expr, metrics), [], title);
    }
  });
}

test('a query of something that is not there is seen', async (t) => {
  const metrics = metricsOf(await page());
  t.is(problemsOf('doin_chain_hight', metrics).length, 1);
  t.is(problemsOf('max by (domain) (doin_domain_best_performance)', metrics).length, 1);
  t.is(problemsOf('doin_optimae_total{stat="accepted"}', metrics).length, 1);
  t.true(problemsOf('rate(doin_chain_height[5m]', metrics).length > 0);
});

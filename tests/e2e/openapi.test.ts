/** The HTTP interface of a real node with a history is what its OpenAPI document says, whatever it is asked. */
import { Validator } from '@seriousme/openapi-schema-validator';
import test from 'ava';
import fc from 'fast-check';
import type { ExperimentsJson, StatusJson } from '../../runtime/http/status.js';
import { NodeProcess, temporaryFolder } from '../kit/node-process.js';
import { AnswerJudge, callsOf, type OpenApi, readsOf } from '../kit/openapi-client.js';

test('no request that a client of the document can make is answered with a fault or otherwise than it says', async (t) => {
  t.timeout(300_000);
  const args = ['start', '--json', '--port', '0', '--data-dir', temporaryFolder(t)];
  const searching = new NodeProcess(t, args);
  await searching.line((line) => line.event === 'optimumAccepted', 'an accepted optimum');
  searching.kill('SIGTERM');
  await searching.exited;
  // The history is there; what is asked now is not held up by training.
  const node = new NodeProcess(t, [...args, '--role', 'relay']);
  const base = await node.url();
  const read = async (path: string) => fetch(base + path);
  const json = async <T>(path: string) => (await (await read(path)).json()) as T;

  const document = await json<OpenApi>('/openapi.json');
  const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
  t.true(valid, JSON.stringify(errors));
  t.true(document.openapi.startsWith('3.1'));
  t.true(readsOf(document).length >= 18);

  const status = await json<StatusJson>('/status');
  const { experiments } = await json<ExperimentsJson>('/api/experiments');
  const known = {
    domain: ['digits', 'other'],
    domains: ['digits', 'other,digits'],
    domain_id: ['digits', 'other'],
    experiment_id: experiments.map(({ experiment_id: id }) => id),
    after: [...experiments.map(({ experiment_id: id }) => `${id}:1`), 'gone'],
    index: ['0', '1', status.tip_hash],
    address: [status.node_id, 'ff'.repeat(32)],
  };
  const judge = new AnswerJudge();
  const statuses = new Map<string, Set<number>>();
  await fc.assert(
    fc.asyncProperty(callsOf(document, known), async ({ url, path, operation }) => {
      const response = await patient(() => read(url));
      const body = await response.text();
      if (response.status >= 500) throw new Error(`${url}: ${response.status} ${body}`);
      const problem = judge.problemWith(operation, response.status, response.headers.get('content-type') ?? '', body);
      if (problem !== null) throw new Error(`${url}: ${problem}`);
      statuses.set(path, (statuses.get(path) ?? new Set()).add(response.status));
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
  for (const [path, operation] of readsOf(document)) {
    // What chance has left out is asked for until it is right.
    const calls = fc.sample(callsOf({ ...document, paths: { [path]: { get: operation } } }, known), 500);
    let seen = statuses.get(path)?.has(200) === true;
    for (const { url } of calls) {
      if (seen) break;
      const response = await patient(() => read(url));
      await response.text();
      seen = response.status === 200;
    }
    t.true(seen, `${path} was answered at least once`);
  }

  const page = await read('/docs');
  t.is(page.status, 200);
  const html = await page.text();
  t.false(/(?:src|href)="(?:https?:)?\/\//.test(html), 'nothing of the page comes from another server');
  for (const [, path = ''] of html.matchAll(/(?:src|href)="(\.?[^"]+)"/g)) {
    t.is((await fetch(new URL(path, `${base}/docs/`))).status, 200, path);
  }
});

/** 503 is how an overloaded machine asks for patience. */
async function patient(ask: () => Promise<Response>): Promise<Response> {
  for (let patience = 10; patience > 0; patience -= 1) {
    const response = await ask();
    if (response.status !== 503) return response;
  }
  return ask();
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { createHttpServer } from '../../runtime/http/server.js';
import { packageRoot } from '../../runtime/package-info.js';
import { sampleSource } from '../http/samples.js';

const folder = join(packageRoot, 'runtime/dashboard/public');

async function get(path: string) {
  const app = await createHttpServer({ source: sampleSource(1) });
  const response = await app.inject({ url: path });
  await app.close();
  return response;
}

test('the page and everything it refers to is served by the node itself', async (t) => {
  const page = await get('/');
  t.is(page.statusCode, 200);
  t.regex(String(page.headers['content-type']), /^text\/html/);
  const references = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1]!);
  const script = (await get('/app.js')).body;
  const imports = [...script.matchAll(/from '\.(\/[^']+)'/g)].map((match) => match[1]!);
  t.true(references.includes('/app.js') && imports.includes('/vendor/uplot.js'));
  for (const path of [...references, ...imports]) {
    t.true(path.startsWith('/'), `${path} stays on this server`);
    t.is((await get(path)).statusCode, 200, path);
  }
});

test('the policy allows nothing from elsewhere and no inline script', async (t) => {
  const policy = String((await get('/')).headers['content-security-policy']);
  t.regex(policy, /default-src 'self'/);
  t.regex(policy, /frame-ancestors 'none'/);
  t.notRegex(policy, /unsafe|https?:|\*/);
});

test('the page obeys the policy and escapes by construction', async (t) => {
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  t.notRegex(page, / style=| on[a-z]+=|<script(?![^>]* src=)/);
  for (const file of ['app.js', 'view.js']) {
    const script = await readFile(join(folder, file), 'utf8');
    t.notRegex(script, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?:\/\/|eval\(/, file);
  }
});

test('every table has a caption and every section a heading', async (t) => {
  const page = await readFile(join(folder, 'index.html'), 'utf8');
  const tables = page.match(/<table/g)?.length;
  t.is(page.match(/<table[^>]*><caption>/g)?.length, tables);
  t.true((tables ?? 0) >= 4);
  for (const [, id] of page.matchAll(/<section aria-labelledby="([^"]+)"/g)) t.true(page.includes(`id="${id}"`), id!);
});

test('a domain gets a chart when this node works on it or when somebody found something there', async (t) => {
  const { hasChart } = (await import(pathToFileURL(join(folder, 'view.js')).href)) as {
    hasChart(domain: { optimize: boolean; evaluate: boolean; accepted: number }): boolean;
  };
  t.true(hasChart({ optimize: true, evaluate: false, accepted: 0 }));
  t.true(hasChart({ optimize: false, evaluate: true, accepted: 0 }));
  t.true(hasChart({ optimize: false, evaluate: false, accepted: 1 }));
  t.false(hasChart({ optimize: false, evaluate: false, accepted: 0 }));
  t.regex(await readFile(join(folder, 'app.js'), 'utf8'), /!known && !hasChart\(domain\)/, 'the page asks');
});

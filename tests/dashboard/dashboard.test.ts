import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { createHttpServer } from '../../runtime/http/server.js';
import { packageRoot } from '../../runtime/package-info.js';
import { sampleSource } from '../http/samples.js';

const folder = join(packageRoot, 'runtime/dashboard/public');
const scripts = async () => (await readdir(folder)).filter((name) => name.endsWith('.js'));

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
  const wanted = new Set([...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1]!));
  for (const name of await scripts()) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const [, path] of text.matchAll(/from '\.(\/[^']+)'/g)) wanted.add(path!);
  }
  t.true(wanted.has('/app.js') && wanted.has('/vendor/uplot.js'));
  const app = await createHttpServer({ source: sampleSource(1) });
  t.teardown(() => app.close());
  for (const path of wanted) {
    t.true(path.startsWith('/'), `${path} stays on this server`);
    t.is((await app.inject({ url: path })).statusCode, 200, path);
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
  for (const name of await scripts()) {
    // The namespace of SVG is a name that looks like an address.
    const script = (await readFile(join(folder, name), 'utf8')).replace("'http://www.w3.org/2000/svg'", '');
    t.notRegex(script, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|https?:\/\/|eval\(/, name);
  }
});

/**
 * Whatever the pages show is right: commands are run for real, with names of one's own in them; settings are read by
 * the schema; what cannot be run here is on a list that says why. A snippet of another kind fails the test.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadConfig } from '../../config/load.js';
import { packageRoot } from '../../runtime/package-info.js';
import type { OpenApi } from '../kit/openapi-client.js';
import { postgresBinaries } from '../kit/postgres.js';
import { Reader } from './reader.js';
import { type Command, commandsOf, PAGES, type Snippet, snippetsOf } from './snippets.js';

/** Commands that are not run here, by their first words; what they name must exist all the same. */
const NOT_RUN = {
  'npm ci': 'CI installs so: .ci/run',
  'npm run lint': 'CI runs it: .ci/run',
  'npm test': 'CI runs it, and this test within it: .ci/run',
  'npm run bench': 'takes minutes',
  'npm run golden': 'changes the pinned chain',
  'npm run screenshots': 'changes the pictures of the README',
  'npx tsc': 'builds what is running',
  'npx ava': 'a run of tests within a test; minutes',
  'node dist/tests/golden/write.js': 'takes minutes; tests/golden compares the same',
  'npm i': 'installs over the network',
  'docker compose': 'needs Docker and its images',
  sqlite3: 'a program of its own',
  ...(postgresBinaries() === null && { 'doin sync-postgres': 'PostgreSQL is missing here' }),
} as const;

const PROGRAM = /^(?:[A-Z_]+=\S+ )*(?:doin|npm|npx|node|docker|sqlite3|python3?|git|psql|systemctl) \S/;
const SETTING = /^"[a-z_]+": /;
const VARIABLE = /^DOIN_[A-Z_0-9]+=\S+$/;
const PAGE = /^(GET|POST) (\/\S*)$/;

const snippets = PAGES.flatMap(snippetsOf);
const inline = snippets.filter(({ language }) => language === null);
const fenced = snippets.filter(({ language }) => language !== null);
const json = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  peerDependencies: Record<string, string>;
};

interface Shown extends Command {
  readonly where: string;
  readonly text: string;
  readonly isInline: boolean;
}

/** `npm start -- x` and `npx doin x` are `doin ... x`. */
function asDoin({ words, environment }: Command): Command {
  if (words[0] === 'npx' && words[1] === 'doin') return { words: words.slice(1), environment };
  if (words[0] !== 'npm' || words[1] !== 'start') return { words, environment };
  const script = json.scripts.start?.replace('node bin/doin.js', 'doin').split(' ') ?? [];
  return { words: [...script, ...words.slice(words[2] === '--' ? 3 : 2)], environment };
}

const shown: readonly Shown[] = [
  ...fenced.filter(({ language }) => language === 'sh'),
  ...inline.filter(({ text }) => PROGRAM.test(text) && !VARIABLE.test(text)),
].flatMap((snippet) =>
  commandsOf(snippet.text).map((command) => {
    const { words, environment } = asDoin(command);
    const text = [...Object.entries(environment).map(([name, value]) => `${name}=${value}`), ...words].join(' ');
    return { where: snippet.where, isInline: snippet.language === null, words, environment, text };
  }),
);

const reasonFor = ({ words }: Command) =>
  Object.keys(NOT_RUN).find((start) => `${words.join(' ')} `.startsWith(`${start} `)) ?? null;

/** Each once, fences first; what needs no node before what needs one with a history. */
const toRun = shown
  .filter((command) => command.words[0] === 'doin' && reasonFor(command) === null)
  .sort((a, b) => Number(a.isInline) - Number(b.isInline))
  .filter(({ text }, index, all) => all.findIndex((other) => other.text === text) === index)
  .sort((a, b) => rank(a) - rank(b));

function rank({ text, words: [, command = ''] }: Shown): number {
  if (text.includes('--help')) return 0;
  // While the node comes to a history, only what takes no time beside it.
  const order = ['config', 'domain', 'completion', 'doctor', 'snapshot'];
  return order.includes(command) ? order.indexOf(command) : order.length;
}

test('every command that can be run ends as it should', async (t) => {
  t.timeout(240_000);
  const reader = new Reader(t);
  for (const command of toRun) {
    const { code, stdout, stderr } = await reader.types({ ...command, words: command.words.slice(1) });
    if (command.isInline && isBeginning(command) && /Not enough|Name what to do/.test(stderr)) continue;
    const shows = `${command.where}: ${command.text}`;
    t.is(code, 0, `${shows}\n${stdout}${stderr}`);
    if (command.words[1] !== 'trace') t.not(stdout, '', shows);
  }
  const { paths } = await reader.page<OpenApi>('/openapi.json');
  for (const { where, text } of inline) {
    const [, method = '', path = ''] = PAGE.exec(text) ?? [];
    if (path !== '') t.true(paths[path]?.[method.toLowerCase()] !== undefined, `${where}: ${text} is not described`);
  }
});

/** Text may speak of a command by its first words. */
function isBeginning({ text }: Shown): boolean {
  return toRun.some((other) => other.text.startsWith(`${text} `));
}

test('every command is run, or on the list of those that cannot be; what these name exists', (t) => {
  for (const command of shown) {
    const reason = reasonFor(command);
    t.true(reason !== null || command.words[0] === 'doin', `${command.where}: run or list \`${command.text}\``);
    for (const word of reason === null ? [] : command.words) checkNamed(t, command, word);
  }
  const used = new Set(shown.map(reasonFor));
  t.deepEqual(
    Object.keys(NOT_RUN).filter((start) => !used.has(start)),
    [],
    'on the list, but on no page',
  );
});

function checkNamed(t: ExecutionContext, { where, words }: Shown, word: string): void {
  const script = words[0] === 'npm' && words[1] === 'run' && word === words[2] ? word : null;
  if (script !== null) t.true(script in json.scripts, `${where}: ${script} is no script`);
  if (/^(dist|deploy|tests)\//.test(word)) t.true(existsSync(join(packageRoot, word)), `${where}: no ${word}`);
  if (word.startsWith('@')) t.true(word in json.peerDependencies, `${where}: ${word} is no optional package`);
}

test('every fence says what is in it, and is one of what is checked or meant for reading', (t) => {
  for (const { where, language } of fenced) t.true(['sh', 'json', 'ts', 'text'].includes(language ?? ''), where);
});

test('what code examples import exists', (t) => {
  for (const { where, text } of fenced.filter(({ language }) => language === 'ts')) {
    for (const [, file = ''] of text.matchAll(/from '\.\.\/([^']+)\.js'/g)) {
      t.true(existsSync(join(packageRoot, `${file}.ts`)), `${where}: ${file}`);
    }
  }
});

test('config files of the pages are valid, and so are single settings', (t) => {
  const settings = inline.filter(({ text }) => SETTING.test(text) || text.startsWith('{"domain_id"'));
  t.true(settings.length > 5);
  for (const { where, text } of fenced.filter(({ language }) => language === 'json')) {
    t.notThrows(() => loadConfig({ overrides: JSON.parse(text) }), where);
  }
  for (const snippet of settings) t.true(isSetting(snippet), `${snippet.where}: ${snippet.text}`);
});

/** Of the config itself, of a domain or ledger in it, or of a domain's definition. */
function isSetting({ text }: Snippet): boolean {
  const fields = JSON.parse(text.startsWith('{') ? text : `{${text}}`) as Record<string, unknown>;
  const places = [
    fields,
    { domains: [{ domain_id: 'digits', ...fields }] },
    { anchors: [{ ledger: 'file', ...fields }] },
  ];
  if (places.some((overrides) => passes(() => loadConfig({ overrides })))) return true;
  const definition = readFileSync(join(packageRoot, 'examples/exec-python/domain.json'), 'utf8');
  return Object.entries(fields).every(
    ([name, value]) => (JSON.parse(definition) as Record<string, unknown>)[name] === value,
  );
}

function passes(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

test('settings in the environment are valid', (t) => {
  const variables = inline.filter(({ text }) => VARIABLE.test(text));
  t.true(variables.length >= 3);
  for (const { where, text } of variables) {
    const [name = '', value = ''] = text.split('=', 2);
    const peer = '12D3KooWKYhvvKJ5Sq7mxDwFeoTJ5SiUTZF3S3UuaM6SjASypsxa';
    const whole = value.replaceAll(/12D3\w*\.\.\./g, peer).replace(/,\.\.\.$/, '');
    const { warnings } = loadConfig({ environment: { [name]: whole } });
    t.deepEqual(warnings, [], where);
  }
});

test('links between pages lead to files', (t) => {
  for (const page of PAGES) {
    for (const [, link = ''] of readFileSync(join(packageRoot, page), 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (/^https?:/.test(link)) continue;
      t.true(existsSync(join(packageRoot, page, '..', link)), `${page}: ${link}`);
    }
  }
});

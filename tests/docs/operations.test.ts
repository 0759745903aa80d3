/** What the page promises is in the code, and what the files of deploy/ run exists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT } from '../../runtime/cli/exit.js';
import { main } from '../../runtime/cli/main.js';
import { packageRoot } from '../../runtime/package-info.js';
import { INDEXES_AND_VIEWS } from '../../runtime/stats/postgres/tables.js';
import { tablesOf } from './markdown.js';

const file = (name: string) => readFileSync(join(packageRoot, 'deploy', name), 'utf8');

async function help(args: readonly string[]): Promise<string> {
  let printed = '';
  const log = console.log;
  console.log = (text: string) => {
    printed += text;
  };
  const { stdout, stderr } = process;
  const code = await main([...args, '--help'], { stdout, stderr, environment: {}, parent: null, launcher: '' });
  console.log = log;
  return code === 0 ? printed : '';
}

test('every exit code is on the page', (t) => {
  const rows = tablesOf('operations.md').find(({ header }) => header[0] === 'code')?.rows ?? [];
  t.deepEqual(
    rows.map(([code]) => Number(code)),
    Object.values(EXIT).sort((a, b) => a - b),
  );
});

test('every view for charts is on the page', (t) => {
  const rows = tablesOf('operations.md').find(({ header }) => header[0] === 'view')?.rows ?? [];
  const views = [...INDEXES_AND_VIEWS.matchAll(/CREATE VIEW (\w+)/g)].map(([, name]) => `\`${name}\``);
  t.deepEqual(rows.map(([name]) => name).sort(), views.sort());
});

test.serial('the commands of the compose file are commands with these options', async (t) => {
  const commands = [...file('compose.yaml').matchAll(/command: (\[[^\]]+\])/g)].map(
    ([, list = '']) => JSON.parse(list) as string[],
  );
  t.true(commands.length >= 7);
  for (const [command = '', ...rest] of commands) {
    const text = await help([command]);
    for (const option of rest.filter((word) => word.startsWith('--')))
      t.true(text.includes(option), `${command} ${option}`);
  }
});

test('Prometheus asks the nodes of the compose file', (t) => {
  const nodes = [...file('compose.yaml').matchAll(/DOIN_PORT: "(\d+)"/g)].map(([, port]) => `node-1:${port}`);
  t.is(nodes.length, 3);
  for (const node of nodes) t.true(file('prometheus.yml').includes(`"${node}"`), node);
});

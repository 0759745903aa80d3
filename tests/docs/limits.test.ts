import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { LIMITS } from '../../actors/chain/limits.js';
import { GOSSIP_LIMITS, WIRE } from '../../actors/gossip/wire.js';
import { packageRoot } from '../../runtime/package-info.js';
import { tablesOf } from './markdown.js';

const tables = tablesOf('limits.md');
const read = (file: string) => readFileSync(join(packageRoot, file), 'utf8');
const numberIn = (cell = '') => Number(cell.replaceAll(' ', ''));
const nameIn = (cell = '') => cell.replaceAll('`', '');

/** The number that a source file gives this constant, computed from its digits, products and powers of two. */
function constantIn(file: string, name: string): number | null {
  const source = read(file);
  const [holder = '', key] = name.split('.');
  const whole = new RegExp(`^(?:export )?const ${holder} = ([\\s\\S]+?);$`, 'm').exec(source)?.[1];
  const text = key === undefined ? whole : new RegExp(`[{\\s]${key}: ([^,}]+)[,}]`).exec(whole ?? '')?.[1]?.trim();
  if (text === undefined || !/^[\d_n* ]+$/.test(text)) return null;
  return text
    .replaceAll(/[_n ]/g, '')
    .split('*')
    .reduce((product, factor) => product * Number(factor), 1);
}

const constants = tables.filter(({ header }) => header[0] === 'name').flatMap(({ rows }) => rows);

for (const [name, value, unit, where, why] of constants) {
  test(`${nameIn(name)} in ${nameIn(where)} is what the page says`, (t) => {
    t.is(constantIn(nameIn(where), nameIn(name)), numberIn(value));
    t.true((unit ?? '').length > 0 && (why ?? '').length > 0, 'with its unit and its reason');
  });
}

test('every bound of the wire format is on the page', (t) => {
  const named = constants.map(([name]) => nameIn(name));
  t.deepEqual(
    named.filter((name) => name.startsWith('LIMITS.')).sort(),
    Object.keys(LIMITS)
      .map((key) => `LIMITS.${key}`)
      .sort(),
  );
});

test('every protocol is on the page with its caps', (t) => {
  const rows = tables.find(({ header }) => header[0] === 'protocol')?.rows ?? [];
  const described = rows.map(([name, ...numbers]) => [nameIn(name), ...numbers.map(numberIn)]);
  const actual = Object.values(WIRE).map(({ name, limits, maxResponseBytes, timeoutMs }) => {
    return [name, limits.maxRequestBytes, maxResponseBytes, limits.ratePerSecond, limits.burst, timeoutMs];
  });
  t.deepEqual(described.sort(), actual.sort());
});

test('every topic is on the page with its rates', (t) => {
  const rows = tables.find(({ header }) => header[0] === 'topic')?.rows ?? [];
  const described = rows.map(([name, ...numbers]) => [nameIn(name), ...numbers.map(numberIn)]);
  const actual = Object.entries(GOSSIP_LIMITS).map(([name, { fromPeer, forwarded }]) => {
    return [name, fromPeer.ratePerSecond, fromPeer.burst, forwarded.ratePerSecond, forwarded.burst];
  });
  t.deepEqual(described, actual);
});

/** The wallet in the terminal: the real launcher, over real HTTP, to a real chain actor. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { decodeTransaction } from '../../actors/chain/codec.js';
import { chain as messages } from '../../actors/chain/messages.js';
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import { startHttpServer } from '../../runtime/http/server.js';
import { sampleSource } from '../http/samples.js';
import { keyOf } from '../kit/chain.js';
import { chainActorOn, earnedChain } from '../kit/chain-actor.js';
import { doin } from '../kit/command.js';
import { temporaryFolder } from '../kit/node-process.js';

const TOKEN = 'ab'.repeat(32);
const BOB = peerIdOf(keyOf('bob').publicKey);

async function served(t: ExecutionContext) {
  const chain = earnedChain();
  const driver = await chainActorOn(t, chain, 'ada');
  const services = { system: driver.port, token: TOKEN };
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source: sampleSource(1), services });
  t.teardown(() => server.close());
  const dataDir = temporaryFolder(t);
  writeFileSync(join(dataDir, 'http.token'), `${TOKEN}\n`);
  const url = ['--url', server.url];
  return { chain, driver, url, owner: [...url, '--data-dir', dataDir] };
}

test('the balance is shown to the unit, for this node and for others', async (t) => {
  const { chain, url } = await served(t);
  const own = await doin('wallet', ...url);
  t.is(own.code, 0, own.stderr);
  t.true(own.stdout.includes(peerIdOf(keyOf('ada').publicKey)));
  t.regex(own.stdout, /balance \d+\.\d{8} coins/);
  const other = JSON.parse((await doin('wallet', 'balance', BOB, '--json', ...url)).stdout);
  t.like(other, { address: BOB, balance_units: chain.balance('bob') });
});

test('a transfer waits for its block and shows its confirmations', async (t) => {
  const { chain, driver, owner } = await served(t);
  const running = doin('wallet', 'transfer', '1.5', BOB, '--max-fee', '0.01', '--tip', '0', ...owner);
  const { bytes } = await driver.context.event(messages.transactionAccepted);
  const sent = decodeTransaction(bytes);
  if (!sent.ok) return t.fail(sent.detail);
  t.deepEqual(sent.value.body, { type: 'transfer', to: keyOf('bob').publicKey, amountUnits: 150_000_000 });
  t.is(sent.value.fee.maxUnits, 1_000_000);
  const before = chain.balance('bob');
  chain.add([sent.value]);
  await driver.receive(chain);
  const { code, stdout, stderr } = await running;
  t.is(code, 0, stderr);
  t.regex(stdout, /^sent [0-9a-f]{64} on test\n(waiting for a block\n)?in block \d+ [0-9a-f]{8}, 1 confirmation\n$/);
  t.is(chain.balance('bob'), before + 150_000_000);
});

interface Moved {
  readonly cause: string;
  readonly amount_units: number;
}

test('the history is a table with what went to whom, and JSON', async (t) => {
  const { chain, driver, url, owner } = await served(t);
  const running = doin('wallet', 'transfer', '1.5', BOB, ...owner);
  const { bytes } = await driver.context.event(messages.transactionAccepted);
  const sent = decodeTransaction(bytes);
  if (!sent.ok) return t.fail(sent.detail);
  chain.add([sent.value]);
  await driver.receive(chain);
  await running;
  const { code, stdout, stderr } = await doin('wallet', 'history', ...url);
  t.is(code, 0, stderr);
  t.regex(stdout, new RegExp(`transfer +-1\\.50000000 +\\d+\\.\\d{8} +${BOB}`));
  t.regex(stdout, /reward +\+\d+/);
  const other = JSON.parse((await doin('wallet', 'history', BOB, '--json', '--limit', '2', ...url)).stdout);
  t.is(other.entries.length, 2);
  t.is(other.entries[0].balance_units, chain.balance('bob'));
  t.true(other.entries.some(({ cause, amount_units: units }: Moved) => cause === 'transfer' && units === 150_000_000));
  const wrong = await doin('wallet', 'history', '--after', 'x', ...url);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /--after = "x": is no place/);
});

test('what cannot be sent is said with its reason', async (t) => {
  const { driver, owner, url } = await served(t);
  const stranger = peerIdOf(keyOf('stranger').publicKey);
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [['1,5', BOB, ...owner], 2, /--amount = "1,5": is no amount of coins/],
    [['1', BOB, '--tip', 'x', ...owner], 2, /--tip = "x": is no amount/],
    [['1', BOB.slice(2), ...owner], 1, /to: is no address/],
    [['1', stranger, ...owner], 1, /nobody with the address .* --new-address/],
    [['100000', BOB, ...owner], 1, /needs up to 100000\.\d{8} coins .* balance is/],
    [['1', BOB, '--network', 'public', ...owner], 2, /on "test", not on "public"; nothing was sent/],
    [['1', BOB, ...url, '--data-dir', '/nowhere'], 2, /\/nowhere\/http\.token: cannot be read/],
  ];
  for (const [args, code, said] of cases) {
    const result = await doin('wallet', 'transfer', '--confirmations', '0', ...args);
    t.regex(result.stderr, said);
    t.is(result.code, code, result.stderr);
  }
  t.deepEqual(driver.context.eventsOf(messages.transactionAccepted), []);
});

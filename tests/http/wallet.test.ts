/** The wallet's pages over a real chain actor. */
import test, { type ExecutionContext } from 'ava';
import { decodeTransaction } from '../../actors/chain/codec.js';
import { chain as messages } from '../../actors/chain/messages.js';
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import { createHttpServer } from '../../runtime/http/server.js';
import { keyOf } from '../kit/chain.js';
import { chainActorOn, earnedChain } from '../kit/chain-actor.js';
import { sampleSource } from './samples.js';

const TOKEN = 'ab'.repeat(32);
const BOB = peerIdOf(keyOf('bob').publicKey);
const STRANGER = peerIdOf(keyOf('stranger').publicKey);

async function served(t: ExecutionContext, requestsPerMinute?: number) {
  const chain = earnedChain();
  const driver = await chainActorOn(t, chain, 'ada');
  const services = { system: driver.port, token: TOKEN };
  const limit = requestsPerMinute === undefined ? {} : { requestsPerMinute };
  const app = await createHttpServer({ source: sampleSource(1), services, ...limit });
  t.teardown(() => app.close());
  const post = (payload: object, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) =>
    app.inject({ method: 'POST', url: '/transactions', payload, headers });
  const pooled = () =>
    driver.context.eventsOf(messages.transactionAccepted).map(({ bytes }) => {
      const decoded = decodeTransaction(bytes);
      return decoded.ok ? decoded.value : null;
    });
  return { chain, app, post, pooled };
}

const TRANSFER = { type: 'transfer', to: BOB, amount: '1.50000001' };

test('a transfer is signed by the node, exact to the unit, and counted as pending until a block has it', async (t) => {
  const { app, post, pooled, chain } = await served(t);
  const answer = await post(TRANSFER);
  t.is(answer.statusCode, 202, answer.body);
  const [transaction] = pooled();
  t.like(transaction, { sender: keyOf('ada').publicKey, nonce: answer.json().nonce });
  t.deepEqual(transaction?.body, { type: 'transfer', to: keyOf('bob').publicKey, amountUnits: 150_000_001 });
  const account = (await app.inject({ url: '/wallet' })).json();
  t.is(account.address, peerIdOf(keyOf('ada').publicKey));
  t.is(account.balance_units, chain.balance('ada'));
  t.like(account.pending[0], { transaction_id: answer.json().transaction_id, type: 'transfer' });
});

test('fees are taken as given, and what is not given is the usual offer', async (t) => {
  const { post, pooled } = await served(t);
  t.is((await post({ ...TRANSFER, max_fee: '0.01', tip: '0.002' })).statusCode, 202);
  t.is((await post({ ...TRANSFER, tip: '0.5' })).statusCode, 202);
  t.is((await post(TRANSFER)).statusCode, 202);
  const [given, tipped, usual] = pooled().map((transaction) => transaction?.fee);
  t.deepEqual(given, { maxUnits: 1_000_000, tipUnits: 200_000 });
  t.deepEqual(tipped, { maxUnits: 50_000_000, tipUnits: 50_000_000 });
  t.true(usual!.maxUnits > 0 && usual!.tipUnits < usual!.maxUnits);
  const wrong = await post({ ...TRANSFER, max_fee: '0.001', tip: '0.002' });
  t.is(wrong.statusCode, 400);
  t.regex(wrong.json().detail, /tip: /);
});

test('without the token nothing is sent, whatever the request holds', async (t) => {
  const { post, pooled } = await served(t);
  const tries: Record<string, string>[] = [
    {},
    { authorization: `Bearer ${'00'.repeat(32)}` },
    { authorization: `Basic ${TOKEN}` },
    { authorization: TOKEN },
    { cookie: `token=${TOKEN}` },
  ];
  for (const headers of tries) {
    const answer = await post(TRANSFER, headers);
    t.is(answer.statusCode, 401);
    t.is(answer.json().title, 'token-required');
    t.regex(String(answer.headers['www-authenticate']), /^Bearer/);
  }
  t.deepEqual(pooled(), []);
});

test('coins do not go to a key that the chain has never seen, unless that is meant', async (t) => {
  const { post, pooled } = await served(t);
  const refused = await post({ ...TRANSFER, to: STRANGER });
  t.is(refused.statusCode, 409);
  t.is(refused.json().title, 'unknown-address');
  t.is((await post({ ...TRANSFER, to: STRANGER, new_address: true })).statusCode, 202);
  t.is(pooled().length, 1);
});

test('what the balance does not cover is refused, with what waits already counted', async (t) => {
  const { post, pooled } = await served(t);
  const most = await post({ ...TRANSFER, amount: '1000' });
  t.is(most.statusCode, 409);
  t.is(most.json().title, 'insufficient-balance');
  t.regex(most.json().detail, /up to 1000\.\d{8} coins .* balance is \d+\.\d{8}/);
  t.is((await post({ ...TRANSFER, amount: '30' })).statusCode, 202);
  const second = await post({ ...TRANSFER, amount: '30' });
  t.is(second.json().title, 'insufficient-balance');
  t.regex(second.json().detail, /transactions that wait/);
  t.is(pooled().length, 1);
});

test('a wrong network, a wrong field and a rule that says no are told apart and send nothing', async (t) => {
  const { post, pooled } = await served(t);
  const cases: readonly (readonly [object, number, string, RegExp])[] = [
    [{ ...TRANSFER, network: 'other' }, 409, 'wrong-network', /on "test", not on "other"/],
    [{ ...TRANSFER, amount: 1.5 }, 400, 'bad-request', /amount: /],
    [{ ...TRANSFER, amount: '1.123456789' }, 400, 'bad-request', /amount: is no amount/],
    [{ ...TRANSFER, to: BOB.slice(0, -1) }, 400, 'bad-request', /to: is no address/],
    [{ ...TRANSFER, too: BOB }, 400, 'bad-request', /too/],
    [{ type: 'attest' }, 400, 'bad-request', /type/],
    [{ ...TRANSFER, amount: '0' }, 409, 'transfer-of-nothing', /transfer/],
    [{ type: 'domain-vote', domain_id: 'none', spec_hash: TOKEN }, 409, 'unknown-domain', /unknown-domain/],
    [
      { type: 'domain-register', definition: { domain_id: 'x' }, data_hash: TOKEN },
      400,
      'domain-file-invalid',
      /module/,
    ],
  ];
  for (const [payload, status, title, detail] of cases) {
    const answer = await post(payload);
    t.is(answer.statusCode, status, answer.body);
    t.is(answer.json().title, title);
    t.regex(answer.json().detail, detail);
  }
  t.deepEqual(pooled(), []);
});

test('accounts are found by PeerId and by key', async (t) => {
  const { app, chain } = await served(t);
  for (const address of [BOB, keyOf('bob').publicKey]) {
    const account = (await app.inject({ url: `/accounts/${address}` })).json();
    t.like(account, { address: BOB, known: true, balance_units: chain.balance('bob') });
  }
  t.is((await app.inject({ url: `/accounts/${STRANGER}` })).json().known, false);
  t.is((await app.inject({ url: '/accounts/nobody' })).statusCode, 400);
});

test('the history of an account is told in pages that add up to its balance', async (t) => {
  const { app, chain } = await served(t);
  const ada = peerIdOf(keyOf('ada').publicKey);
  const entries: { amount_units: number; balance_units: number; cause: string; amount: string }[] = [];
  for (let after = ''; ; ) {
    const answer = await app.inject({ url: `/wallet/history?limit=1${after}` });
    t.is(answer.statusCode, 200, answer.body);
    const page = answer.json();
    t.like(page, { address: ada, network: 'test', history_from: 1, chain_height: chain.blocks.length });
    entries.push(...page.entries);
    if (page.next === null) break;
    after = `&after=${page.next}`;
  }
  t.is(entries[0]?.balance_units, chain.balance('ada'));
  t.is(
    entries.reduce((sum, { amount_units: units }) => sum + units, 0),
    chain.balance('ada'),
  );
  t.is(entries[0]?.cause, 'reward');
  t.regex(entries[0]?.amount ?? '', /^\d+\.\d{8}$/);
  const whole = (await app.inject({ url: `/accounts/${ada}/history` })).json();
  t.deepEqual(whole.entries, entries);
  t.is((await app.inject({ url: `/accounts/${STRANGER}/history` })).json().entries.length, 0);
  t.is((await app.inject({ url: '/accounts/nobody/history' })).statusCode, 400);
  t.is((await app.inject({ url: '/wallet/history?after=1' })).statusCode, 400);
});

test('who asks too often is told to wait, and wrong tokens count', async (t) => {
  const { app } = await served(t, 3);
  const codes: number[] = [];
  for (let request = 0; request < 5; request += 1) codes.push((await app.inject({ url: '/health' })).statusCode);
  t.deepEqual(codes, [200, 200, 200, 429, 429]);
  const answer = await app.inject({ url: '/health' });
  t.is(answer.json().title, 'rate-limited');
  t.is(answer.headers['content-type'], 'application/problem+json');

  const { post } = await served(t, 1_000_000);
  let last = 0;
  for (let request = 0; request < 125; request += 1) last = (await post(TRANSFER, {})).statusCode;
  t.is(last, 429);
});

test('a page of another site gets no leave to read or write, and a giant body is refused', async (t) => {
  const { app, post } = await served(t);
  const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
  const preflight = await app.inject({ method: 'OPTIONS', url: '/transactions', headers });
  t.is(preflight.headers['access-control-allow-origin'], undefined);
  t.is((await app.inject({ url: '/status', headers })).headers['access-control-allow-origin'], undefined);
  t.is((await post({ ...TRANSFER, network: 'x'.repeat(600_000) })).statusCode, 413);
});

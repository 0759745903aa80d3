import test, { type ExecutionContext } from 'ava';
import { chain } from '../../../actors/chain/messages.js';
import type { Channel } from '../../../actors/chain/state/channels.js';
import { receiptBytes } from '../../../actors/chain/transactions/channel.js';
import type { TransactionBody } from '../../../actors/chain/types.js';
import { answerBytes, type InferenceRequest, inferenceId } from '../../../actors/evaluator/inference.js';
import { ChannelPurse } from '../../../actors/evaluator/paying.js';
import { Payments } from '../../../actors/evaluator/payments.js';
import { InferenceServer, type ServingOptions } from '../../../actors/evaluator/serving.js';
import { taskQueue } from '../../../actors/task-queue/messages.js';
import { taskFailure } from '../../../gpu-workers/failures.js';
import { verifySignature } from '../../../runtime/crypto/ed25519.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import { keyOf } from '../../kit/chain.js';
import { TestContext } from '../../kit/context.js';

const CHAIN = 'test';
const PRICE = 10;
const SERVER = keyOf('server');
const ANN = keyOf('ann').publicKey;
const CHANNEL = 'c1'.repeat(32);
const OPTIMUM = 'ee'.repeat(32);
const open: Channel = {
  payer: ANN,
  to: SERVER.publicKey,
  domain: 'quadratic',
  depositUnits: 35,
  closing: null,
};
const request: InferenceRequest = { domain: 'quadratic', input: 'null', nonce: '01'.repeat(32), payment: null };
const id = inferenceId({ chainId: CHAIN, requester: ANN, server: SERVER.publicKey }, request);
const receipt = (amountUnits: number, signer = 'ann') => ({
  channel: CHANNEL,
  amountUnits,
  receipt: keyOf(signer).sign(receiptBytes(CHAIN, CHANNEL, amountUnits)),
});
const paidBy = (change: object = {}) => ({
  hash: 'b1'.repeat(32),
  records: [
    {
      type: 'INFERENCE_PAID' as const,
      from: ANN,
      to: SERVER.publicKey,
      domain: 'quadratic',
      request: id,
      amountUnits: PRICE,
      burnedUnits: 1,
      ...change,
    },
  ],
});

/** A server on a chain that has a champion and the channels that the test says. */
async function served(t: ExecutionContext, change: Partial<ServingOptions> = {}) {
  const context = new TestContext('evaluator');
  t.teardown(() => context.dispose());
  const sent: TransactionBody[] = [];
  const state = { channel: open as Channel | null };
  context
    .answer(chain.getTip, () => ({ height: 0, chainId: CHAIN }) as never)
    .answer(chain.getApplied, () => ({ blocks: [] }))
    .answer(chain.getChannel, () => ({ channel: state.channel }))
    .answer(chain.submit, ({ body }) => {
      sent.push(body);
      return { transactionId: '', nonce: 1 };
    })
    .answer(chain.getStatus, () => {
      const champion = { optimum: OPTIMUM, optimizer: ANN, genome: [1], blob: null, height: 1 };
      return {
        domains: [
          { domainId: 'quadratic', champion },
          { domainId: 'digits', champion: null },
        ],
      } as never;
    })
    .answer(taskQueue.run, ({ task }) => {
      if (task.kind === 'predict' && task.input !== 'null') throw taskFailure('bad-input', 'send null');
      return { measurement: { performance: 0, standardError: 0, samples: 0 }, output: '{"point":[1]}', seconds: 0 };
    });
  const file = new MemoryStateFile();
  const payments = new Payments(context, SERVER.publicKey, file);
  await payments.load(1_000);
  const options = { chainId: CHAIN, keyPair: SERVER, domains: ['quadratic', 'digits'], serve: true, priceUnits: PRICE };
  const weightsOf = async () => new Uint8Array();
  const server = new InferenceServer({ ...options, ...change }, { ctx: context, payments, weightsOf });
  const codeOf = async (from: string, asked: InferenceRequest) => {
    const reply = await server.answer(from, asked);
    return reply.type === 'answered' ? 'answered' : reply.code;
  };
  return { context, server, payments, file, state, sent, codeOf };
}

test('an answer is signed for its request alone', async (t) => {
  const { server } = await served(t, { priceUnits: 0 });
  const reply = await server.answer(ANN, request);
  if (reply.type !== 'answered') return t.fail(reply.code);
  const { optimum, output, signature } = reply;
  t.is(optimum, OPTIMUM);
  t.true(verifySignature(SERVER.publicKey, answerBytes(id, optimum, output), signature));
  for (const other of [{ domain: 'digits' }, { input: '1' }, { nonce: '02'.repeat(32) }]) {
    const foreign = inferenceId({ chainId: CHAIN, requester: ANN, server: SERVER.publicKey }, { ...request, ...other });
    t.not(foreign, id);
    t.false(verifySignature(SERVER.publicKey, answerBytes(foreign, optimum, output), signature));
  }
});

test('strangers pay what it costs, the owner nothing; what cannot be answered is refused by code', async (t) => {
  const { server, codeOf } = await served(t);
  t.like(await server.answer(ANN, request), { type: 'refused', code: 'payment-required', priceUnits: PRICE });
  t.is(await codeOf(SERVER.publicKey, request), 'answered');
  t.is(await codeOf(SERVER.publicKey, { ...request, input: '[1]' }), 'bad-input');
  t.is(await codeOf(SERVER.publicKey, { ...request, domain: 'digits' }), 'no-champion');
  t.is(await codeOf(SERVER.publicKey, { ...request, domain: 'chess' }), 'not-served');
  const closed = await served(t, { serve: false });
  t.is(await closed.codeOf(ANN, request), 'not-served');
  t.is(await closed.codeOf(SERVER.publicKey, request), 'answered');
});

test('a payment on the chain buys the request that it names, by who paid, a few times and no more', async (t) => {
  const { payments, codeOf } = await served(t);
  for (const wrong of [
    { from: keyOf('eve').publicKey },
    { to: ANN },
    { domain: 'digits' },
    { amountUnits: PRICE - 1 },
  ]) {
    payments.apply(paidBy(wrong));
    t.is(await codeOf(ANN, request), 'payment-required', JSON.stringify(wrong));
  }
  payments.apply(paidBy());
  t.is(await codeOf(ANN, { ...request, nonce: '02'.repeat(32) }), 'payment-required', 'another request');
  const codes: string[] = [];
  for (let time = 0; time < 4; time += 1) codes.push(await codeOf(ANN, request));
  t.deepEqual(codes, ['answered', 'answered', 'answered', 'payment-required']);
  payments.apply(paidBy());
  payments.revert([paidBy().hash]);
  t.is(await codeOf(ANN, request), 'payment-required', 'its block is gone');
});

test('a receipt must raise the sum by the price, within the deposit, by the payer of an open channel', async (t) => {
  const { state, file, codeOf } = await served(t);
  const paying = (payment: ReturnType<typeof receipt>) => codeOf(ANN, { ...request, payment });
  t.is(await paying(receipt(PRICE - 1)), 'bad-payment');
  t.is(await paying(receipt(PRICE, 'eve')), 'bad-payment');
  t.is(await paying(receipt(36)), 'bad-payment');
  t.is(await codeOf(keyOf('eve').publicKey, { ...request, payment: receipt(PRICE) }), 'bad-payment');
  t.is(await codeOf(ANN, { ...request, domain: 'digits', payment: receipt(PRICE) }), 'no-champion');
  state.channel = { ...open, closing: { owedUnits: 0, untilHeight: 9 } };
  t.is(await paying(receipt(PRICE)), 'bad-payment');
  state.channel = null;
  t.is(await paying(receipt(PRICE)), 'bad-payment');
  t.is(await file.load(), null, 'nothing of this is kept');
  state.channel = open;
  t.is(await paying(receipt(PRICE)), 'answered');
  t.deepEqual(await file.load(), { [CHANNEL]: receipt(PRICE) });
  t.is(await paying(receipt(PRICE)), 'bad-payment', 'the same once more');
  t.is(await paying(receipt(2 * PRICE)), 'answered');
});

test('receipts are cashed in when the deposit is used up or the payer closes, and after a restart too', async (t) => {
  const { payments, state, sent, file, codeOf, context } = await served(t);
  t.is(await codeOf(ANN, { ...request, payment: receipt(PRICE) }), 'answered');
  await payments.collect(PRICE);
  t.deepEqual(sent, [], 'there is room for more');
  state.channel = { ...open, closing: { owedUnits: 0, untilHeight: 9 } };
  const restarted = new Payments(context, SERVER.publicKey, file);
  await restarted.load(1_000);
  await restarted.collect(PRICE);
  await restarted.collect(PRICE);
  t.deepEqual(sent, [{ type: 'channel-close', ...receipt(PRICE) }], 'once');
  state.channel = null;
  await restarted.collect(PRICE);
  t.deepEqual(await file.load(), {});

  state.channel = open;
  t.is(await codeOf(ANN, { ...request, payment: receipt(30) }), 'answered');
  await payments.collect(PRICE);
  t.deepEqual(sent[1], { type: 'channel-close', ...receipt(30) });
});

test('a payer signs rising sums up to the deposit, and remembers them', async (t) => {
  const { context, state } = await served(t);
  const file = new MemoryStateFile();
  const purse = async () => {
    const made = new ChannelPurse(context, { chainId: CHAIN, keyPair: keyOf('ann'), file });
    await made.load();
    return made;
  };
  t.deepEqual(await (await purse()).pay(CHANNEL, PRICE), receipt(PRICE));
  const again = await purse();
  t.deepEqual(await again.pay(CHANNEL, PRICE), receipt(2 * PRICE));
  await t.throwsAsync(again.pay(CHANNEL, 16), { message: /above its deposit/ });
  t.is(again.owedUnits(CHANNEL), 2 * PRICE);
  state.channel = { ...open, payer: keyOf('eve').publicKey };
  await t.throwsAsync(again.pay(CHANNEL, 1), { message: /no open channel/ });
});

import test from 'ava';
import fc from 'fast-check';
import { auditOf } from '../../../actors/chain/coins.js';
import { CHANNEL, CHANNEL_COUNT } from '../../../actors/chain/state/channels.js';
import { GLOBALS } from '../../../actors/chain/state/state.js';
import { DOMAIN_USE } from '../../../actors/chain/state/use.js';
import { channelId, receiptBytes } from '../../../actors/chain/transactions/channel.js';
import type { TransactionBody } from '../../../actors/chain/types.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS, { parameters: { channels: { disputeBlocks: 3, maxOpen: 2 } } });
const COIN = 100_000_000;
const MINIMUM = 100_000;
const DEPOSIT = 1_000;
const START = COIN;
const CHANNEL_ID = channelId(keyOf('pat').publicKey, 1);

const open = (change: Partial<Extract<TransactionBody, { type: 'channel-open' }>> = {}): TransactionBody => ({
  type: 'channel-open',
  to: keyOf('rex').publicKey,
  domain: DOMAIN_ID,
  depositUnits: DEPOSIT,
  ...change,
});
const receiptFor = (amountUnits: number, signer = 'pat', channel = CHANNEL_ID, chainId = genesis.chainId) =>
  keyOf(signer).sign(receiptBytes(chainId, channel, amountUnits));
const close = (amountUnits: number, receipt: string | null = receiptFor(amountUnits)): TransactionBody => ({
  type: 'channel-close',
  channel: CHANNEL_ID,
  amountUnits,
  receipt,
});
const dispute = (amountUnits: number, receipt = receiptFor(amountUnits)): TransactionBody => ({
  type: 'channel-dispute',
  channel: CHANNEL_ID,
  amountUnits,
  receipt,
});

let strangers = 0;
/** Something valid, so that there is a block. */
function cause() {
  strangers += 1;
  const name = `stranger ${strangers}`;
  return sign(genesis, name, 1, makeReveal(genesis, name, [strangers, 0], 0).commit);
}

/** Pat pays rex; eve looks on with coins of her own. */
function opened(): TestChain {
  const chain = new TestChain(genesis, MEMBERS);
  for (const name of ['pat', 'rex', 'eve']) chain.fund(name, START);
  chain.add([sign(genesis, 'pat', 1, open())]);
  return chain;
}

const refusal = (chain: TestChain, name: string, body: TransactionBody): string | null => {
  try {
    chain.fork().add([cause(), sign(genesis, name, 60, body)]);
    return null;
  } catch (error) {
    return (error as Error).message.replace('refused: ', '');
  }
};
const audited = (chain: TestChain) => {
  const { mintedUnits, accountedUnits } = auditOf(chain.tip.state);
  return mintedUnits === accountedUnits;
};

test('the recipient closes with his newest receipt: he is paid less the burned tenth, the payer gets the rest', (t) => {
  const chain = opened();
  t.is(chain.tip.state.require(GLOBALS).lockedUnits, DEPOSIT);
  t.true(audited(chain));
  const { records, state } = chain.add([sign(genesis, 'rex', 1, close(600))]);
  t.is(chain.balance('rex'), START + 540, 'closing by receipt goes unpaid');
  t.is(chain.balance('pat'), START - MINIMUM - 600);
  t.is(state.require(DOMAIN_USE, DOMAIN_ID).burnedUnits, 60, 'and counts for the domain');
  t.is(state.get(CHANNEL, CHANNEL_ID), undefined);
  t.is(state.get(CHANNEL_COUNT, keyOf('pat').publicKey), undefined);
  t.like(records.at(-1), { type: 'CHANNEL', status: 'closed', owedUnits: 600 });
  t.is(state.require(GLOBALS).lockedUnits, 0);
  t.true(audited(chain));
  t.is(refusal(chain, 'rex', close(700)), 'unknown-channel', 'a channel closes once');
});

const badReceipts: [name: string, code: string, sender: string, body: TransactionBody][] = [
  ['for more than the deposit', 'above-deposit', 'rex', close(DEPOSIT + 1)],
  ['that the recipient wrote himself', 'bad-receipt', 'rex', close(600, receiptFor(600, 'rex'))],
  ['for another sum', 'bad-receipt', 'rex', close(601, receiptFor(600))],
  ['of another channel', 'bad-receipt', 'rex', close(600, receiptFor(600, 'pat', 'ab'.repeat(32)))],
  ['of another chain', 'bad-receipt', 'rex', close(600, receiptFor(600, 'pat', CHANNEL_ID, 'other'))],
  ['that is none', 'bad-receipt', 'rex', close(600, null)],
  ['in the hands of a stranger', 'not-your-channel', 'eve', close(600)],
  ['in a dispute that nobody has', 'channel-not-closing', 'eve', dispute(600)],
];
for (const [name, code, sender, body] of badReceipts) {
  test(`a receipt ${name} closes nothing`, (t) => {
    const chain = opened();
    t.is(refusal(chain, sender, body), code);
  });
}

test('the payer may only ask: he gets his rest when the window has ended, and not before', (t) => {
  const chain = opened();
  chain.add([sign(genesis, 'pat', 2, close(100, null))]);
  t.is(chain.balance('rex'), START);
  t.is(refusal(chain, 'pat', close(0, null)), 'channel-closing', 'he cannot say less later, nor close twice');
  for (let block = 0; block < 2; block += 1) chain.add([cause()]);
  t.is(refusal(chain, 'pat', close(0, null)), 'channel-closing');
  chain.add([cause()]);
  t.is(refusal(chain, 'eve', dispute(900)), 'dispute-too-late');
  chain.add([sign(genesis, 'pat', 3, close(0, null))]);
  t.is(chain.balance('rex'), START + 90, 'what he said at first counts');
  t.is(chain.balance('pat'), START - 3 * MINIMUM - 100);
  t.true(audited(chain));
});

test('a stale closing is contradicted by any newer receipt, from whoever has it, and never by an older one', (t) => {
  const chain = opened();
  chain.add([sign(genesis, 'pat', 2, close(100, null))]);
  t.is(refusal(chain, 'eve', dispute(100)), 'stale-receipt');
  t.is(refusal(chain, 'eve', dispute(600, receiptFor(600, 'eve'))), 'bad-receipt');
  t.is(refusal(chain, 'eve', dispute(DEPOSIT + 1)), 'above-deposit');
  chain.add([sign(genesis, 'eve', 1, dispute(600))]);
  t.is(refusal(chain, 'pat', dispute(500)), 'stale-receipt', 'the payer’s own older receipts change nothing');
  t.is(refusal(chain, 'pat', close(600)), 'channel-closing', 'nor does it end before the window');
  chain.add([sign(genesis, 'eve', 2, dispute(700))]);
  for (let block = 0; block < 2; block += 1) chain.add([cause()]);
  chain.add([sign(genesis, 'pat', 3, close(0, null))]);
  t.is(chain.balance('rex'), START + 630);
  t.true(audited(chain));
});

test('during the window the recipient still closes at once with what he holds', (t) => {
  const chain = opened();
  chain.add([sign(genesis, 'pat', 2, close(100, null))]);
  chain.add([sign(genesis, 'rex', 1, close(1_000))]);
  t.is(chain.balance('rex'), START + 900);
  t.is(chain.balance('pat'), START - 2 * MINIMUM - DEPOSIT);
});

const badOpens: [name: string, code: string, body: TransactionBody][] = [
  ['with nothing in it', 'deposit-of-nothing', open({ depositUnits: 0 })],
  ['to oneself', 'payment-to-self', open({ to: keyOf('pat').publicKey })],
  ['to a key that nobody can have', 'bad-recipient', open({ to: '00'.repeat(32) })],
  ['for an unknown domain', 'unknown-domain', open({ domain: 'nowhere' })],
  ['beyond the balance', 'insufficient-balance', open({ depositUnits: START })],
];
for (const [name, code, body] of badOpens) {
  test(`a channel ${name} is not opened`, (t) => {
    t.is(refusal(opened(), 'pat', body), code);
  });
}

test('a payer has as many channels as the genesis allows, and room again when one is closed', (t) => {
  const chain = opened();
  chain.add([sign(genesis, 'pat', 2, open())]);
  t.is(refusal(chain, 'pat', open()), 'too-many-channels');
  chain.add([sign(genesis, 'rex', 1, close(1))]);
  t.is(refusal(chain, 'pat', open()), null);
});

test('whatever payer and recipient do, the recipient gets no less than what stood last, and no coin is lost', (t) => {
  const move = fc.record({
    kind: fc.constantFrom('close', 'receive', 'dispute', 'wait'),
    amount: fc.nat(DEPOSIT),
  });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 8 }), (moves) => {
      const chain = opened();
      let highest = 0;
      for (const [index, { kind, amount }] of moves.entries()) {
        const nonce = index + 10;
        const bodies = {
          close: () => sign(genesis, 'pat', nonce, close(amount, null)),
          receive: () => sign(genesis, 'rex', nonce, close(amount)),
          dispute: () => sign(genesis, 'eve', nonce, dispute(amount)),
          wait: cause,
        };
        const applied = chain.addValid([cause(), bodies[kind]()])!;
        for (const record of applied.records) {
          if (record.type !== 'CHANNEL') continue;
          if (record.status === 'closed') {
            if (kind === 'close') t.is(record.owedUnits, highest);
            t.is(chain.balance('rex'), START + record.owedUnits - Math.ceil(record.owedUnits / 10));
          } else t.true(record.owedUnits >= highest);
          highest = record.owedUnits;
        }
        t.true(audited(chain));
      }
    }),
    { numRuns: 25, seed: 1 },
  );
});

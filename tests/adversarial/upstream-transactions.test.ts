/**
 * The failures proven in the Python system that concern transactions and votes. Every test runs the attack twice: against the
 * rule, where it must fail, and against what is left without the rule, where it must succeed, so that no check is vacuous.
 */
import test from 'ava';
import { unpack } from 'msgpackr';
import { decodeTransaction, transactionCodec } from '../../actors/chain/codec.js';
import { Execution } from '../../actors/chain/execution.js';
import { ACCOUNT, GLOBALS } from '../../actors/chain/state/state.js';
import { applyTransaction } from '../../actors/chain/transactions/apply.js';
import { commitmentOf, optimumIdOf } from '../../actors/chain/transactions/commit.js';
import { isBetter } from '../../actors/chain/transactions/reveal.js';
import { applyTransfer } from '../../actors/chain/transactions/transfer.js';
import { buildBlock } from '../../actors/chain/transition.js';
import type { ChainRecord, TransactionBody } from '../../actors/chain/types.js';
import type { SignatureCheck } from '../../actors/chain/verifier.js';
import { encode } from '../../runtime/codec/canonical.js';
import { verifySignature } from '../../runtime/crypto/ed25519.js';
import { NANO, toNano } from '../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeReveal, sign, TestChain, votesOn } from '../kit/chain.js';
import { accepted, CLAIM_NANO, filler, genesis, NAMES, revealed } from './kit.js';

const noSignatures: SignatureCheck = () => true;

test('a forged vote: the sender is only a name in the message', (t) => {
  const { chain, tasks, optimum } = revealed();
  const mallory = keyOf('mallory');
  const forged = votesOn(chain, tasks, () => 5 * NANO).map((vote) => ({
    ...vote,
    signature: mallory.sign(encode(transactionCodec, vote)),
  }));
  const { slot, rank, timestampMs, proposer, vrfProof } = chain.propose([filler(chain)])!.header;
  const proposal = { slot, rank, timestampMs, proposer, vrfProof };
  const voted = (records: readonly ChainRecord[] = []) =>
    records.filter((record) => record.type === 'TASK_COMPLETED' && record.optimum === optimum).length;
  const trusting = buildBlock(chain.tip, proposal, forged, genesis, noSignatures);
  t.is(voted(trusting?.applied.records), forged.length, 'without signatures every seat is filled by one liar');
  const checking = buildBlock(chain.tip, proposal, forged, genesis, verifySignature);
  t.is(voted(checking?.applied.records), 0);
  t.deepEqual([...new Set(checking?.refused.map(({ refusal }) => refusal.code))], ['bad-signature']);
});

test('an unsolicited champion: a reveal without a commitment has no way in', (t) => {
  const chain = new TestChain(genesis, NAMES);
  const { reveal } = makeReveal(genesis, 'ada', [1, 2], CLAIM_NANO);
  t.throws(() => chain.add([filler(chain), sign(genesis, 'ada', 1, reveal)]), { message: /unknown-commitment/ });
});

test('a NaN reveal: a value that is not a number makes every later result look worse', (t) => {
  t.false(isBetter(1, Number.NaN, 'maximize') || isBetter(-1, Number.NaN, 'maximize'), 'once in, it blocks a domain');
  t.is(toNano(Number.NaN), null);
  t.is(toNano(Number.POSITIVE_INFINITY), null);
  const { reveal } = makeReveal(genesis, 'ada', [1, 2], CLAIM_NANO);
  const honest = sign(genesis, 'ada', 2, reveal);
  t.throws(() =>
    encode(transactionCodec, { ...honest, body: { ...reveal, reportedNano: Number.NaN } as TransactionBody }),
  );
  const bytes = Buffer.from(encode(transactionCodec, honest));
  const number = Buffer.from(
    encode(transactionCodec, { ...honest, body: { ...reveal, reportedNano: 0 } as TransactionBody }),
  );
  const at = bytes.findIndex((byte, index) => byte !== number[index]);
  const nan = Buffer.from('cb7ff8000000000000', 'hex');
  const poisoned = Buffer.concat([bytes.subarray(0, at), nan, bytes.subarray(at + nan.length)]);
  t.regex(JSON.stringify(unpack(poisoned)), /null/, 'an ordinary msgpack reader takes it');
  t.false(decodeTransaction(poisoned).ok);
});

test('commit copying: who reads a commitment makes it his own, and reveals what its owner reveals', (t) => {
  const { commit, reveal, commitment } = makeReveal(genesis, 'ada', [1, 2], CLAIM_NANO);
  const chain = new TestChain(genesis, NAMES);
  const copy = optimumIdOf(commitment, keyOf('bob').publicKey);
  t.throws(() => chain.add([filler(chain), sign(genesis, 'bob', 1, commit)]), { message: /not-your-commitment/ });
  chain.addWithNext([sign(genesis, 'bob', 1, { ...commit, optimum: copy } as TransactionBody)]);
  const { genome, salt } = reveal as Extract<TransactionBody, { type: 'reveal' }>;
  const preimage = { chainId: genesis.chainId, domain: DOMAIN_ID, genome, salt };
  t.is(
    commitmentOf({ ...preimage, optimizer: keyOf('ada').publicKey }),
    commitment,
    'without the sender in it, it opens',
  );
  t.not(commitmentOf({ ...preimage, optimizer: keyOf('bob').publicKey }), commitment);
  const opened = { ...reveal, optimum: copy } as TransactionBody;
  t.throws(() => chain.add([filler(chain), sign(genesis, 'bob', 2, opened)]), { message: /commitment-mismatch/ });
  // The copy that came first does not take the place of the original, either.
  t.notThrows(() => chain.addWithNext([sign(genesis, 'ada', 1, commit)]));
  t.notThrows(() => chain.addWithNext([sign(genesis, 'ada', 2, reveal)]));
});

/** An execution on top of a chain where ada earned coins. */
function rich() {
  const { chain } = accepted();
  const { height, timestampMs, slot, beacon } = chain.tip.state.require(GLOBALS);
  const facts = { height: height + 1, timestampMs: timestampMs + 1, slot: slot + 1, proposer: keyOf('dan').publicKey };
  const execution = new Execution(chain.tip.state, genesis, { ...facts, beacon });
  const balance = (name: string) => execution.state.get(ACCOUNT, keyOf(name).publicKey)?.balanceUnits ?? 0;
  return { chain, execution, balance };
}

test('a negative transfer: sending less than nothing takes from the other', (t) => {
  const { chain, execution, balance } = rich();
  const before = balance('ada');
  t.true(before > 0);
  const theft = { type: 'transfer', to: keyOf('ada').publicKey, amountUnits: -before } as const;
  t.true(balance('mallory') >= theft.amountUnits, 'the rule that a balance must suffice lets it pass');
  t.throws(() => applyTransfer(execution, keyOf('mallory').publicKey, theft), { instanceOf: RangeError });
  t.deepEqual([balance('ada'), balance('mallory')], [before, 0], 'the ledger knows no such amount');
  t.throws(() => sign(genesis, 'mallory', 1, theft), { instanceOf: RangeError }, 'there are no bytes for it');
  const honest = encode(transactionCodec, sign(genesis, 'mallory', 1, { ...theft, amountUnits: 1 }));
  const recipient = Buffer.from(honest).indexOf(Buffer.from(theft.to, 'hex'));
  const bytes = Uint8Array.from(honest);
  bytes[recipient + 32] = 0xff;
  t.false(decodeTransaction(bytes).ok, 'minus one where the amount stands');
  t.is(chain.tip.state.get(ACCOUNT, keyOf('mallory').publicKey), undefined);
});

test('a replayed nonce: one signed transfer moves coins once', (t) => {
  const { chain, execution, balance } = rich();
  const transfer = { type: 'transfer', to: keyOf('mallory').publicKey, amountUnits: 10 } as const;
  const signed = sign(genesis, 'ada', chain.nextNonce('ada'), transfer);
  t.is(applyTransaction(execution, signed, verifySignature), null);
  t.is(applyTransaction(execution, signed, verifySignature)?.code, 'nonce-used');
  t.is(balance('mallory'), 10);
  applyTransfer(execution, keyOf('ada').publicKey, transfer);
  t.is(balance('mallory'), 20, 'the rule of transfers alone would pay again');
  const elsewhere = new Execution(chain.tip.state, { ...genesis, chainId: 'other' }, execution.block);
  t.is(applyTransaction(elsewhere, signed, verifySignature)?.code, 'bad-signature', 'nor on another chain');
});

/** Nothing that the optimizer or the proposer of a block writes into it changes who measures, who audits and who judges. */
import test from 'ava';
import fc from 'fast-check';
import { headerSigningBytes } from '../../../actors/chain/codec.js';
import { LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { opensAtMs, proposersOf } from '../../../actors/chain/schedule.js';
import { GLOBALS } from '../../../actors/chain/state/state.js';
import { buildBlock } from '../../../actors/chain/transition.js';
import type { Block, ChainRecord, Transaction } from '../../../actors/chain/types.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { keyOf, makeGenesis, makeReveal, proofFor, sign, TestChain } from '../../kit/chain.js';
import { answersNow } from '../../kit/duties.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'];
const genesis = makeGenesis(MEMBERS, { parameters: { challenge: LOCAL_PARAMETERS.challenge } });
const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], -100 * NANO);
const fillers = MEMBERS.slice(1).map((name, at) =>
  sign(genesis, name, 1, makeReveal(genesis, name, [at, 7], -90 * NANO).commit),
);

/** Who was drawn for ada's optimum in a block. */
function drawn(records: readonly ChainRecord[]): string {
  return records
    .flatMap((record) => (record.type === 'TASK_CREATED' ? [`${record.seat.duty} ${record.seat.evaluator}`] : []))
    .join();
}

/** The rightful proposer's block with this content at this moment of his slot. */
function blockOf(chain: TestChain, transactions: readonly Transaction[], afterMs: number): Block {
  const slot = chain.tip.state.require(GLOBALS).slot + 1;
  const [proposer] = proposersOf(chain.tip.state, genesis, slot);
  const name = chain.names.get(proposer!)!;
  const vrfProof = proofFor(genesis, chain.tip, name, slot);
  const proposal = {
    slot,
    rank: 0,
    timestampMs: opensAtMs(genesis, slot, 0) + afterMs,
    proposer: proposer!,
    vrfProof,
  };
  const built = buildBlock(chain.tip, proposal, transactions, genesis, strictVerifier.signature)!;
  const signature = keyOf(name).sign(headerSigningBytes(built.header));
  return { header: { ...built.header, signature }, transactions: built.transactions };
}

function committed(): TestChain {
  const chain = new TestChain(genesis, MEMBERS);
  chain.add([sign(genesis, 'ada', 1, commit)]);
  return chain;
}

const content = fc.record({
  others: fc.subarray(fillers),
  first: fc.boolean(),
  afterMs: fc.nat(900),
});

test('a proposer has one draw of seats in a slot, whatever he puts beside the reveal, in which order and when', (t) => {
  const base = committed();
  const seen = new Set<string>();
  fc.assert(
    fc.property(content, ({ others, first, afterMs }) => {
      const opening = sign(genesis, 'ada', 2, reveal);
      const chain = base.fork();
      const { records } = chain.apply(blockOf(chain, first ? [opening, ...others] : [...others, opening], afterMs));
      seen.add(drawn(records));
    }),
    { numRuns: 20, seed: 1 },
  );
  t.is(seen.size, 1);
  // Another slot is another proposer's draw: withholding is all there is.
  const later = base.fork();
  t.false(seen.has(drawn(later.add([sign(genesis, 'ada', 2, reveal)], 1).records)));
});

test('nor can he choose the auditors of the votes he includes', (t) => {
  const base = committed();
  base.add([sign(genesis, 'ada', 2, reveal)]);
  const votes = answersNow(base, { truthNano: () => -100 * NANO });
  const seen = new Set<string>();
  fc.assert(
    fc.property(content, ({ others, first, afterMs }) => {
      const chain = base.fork();
      const order = first ? [...votes, ...others] : [...others, ...[...votes].reverse()];
      const text = drawn(chain.apply(blockOf(chain, order, afterMs)).records);
      t.true(text.includes('audit'));
      seen.add(text);
    }),
    { numRuns: 20, seed: 2 },
  );
  t.is(seen.size, 1);
});

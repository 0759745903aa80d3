/**
 * Nothing that the optimizer or the proposer of a block writes into it changes which seed is trained with, who measures,
 * who audits and who judges: a block asks, the next one draws before its first transaction.
 */
import test from 'ava';
import fc from 'fast-check';
import { headerSigningBytes } from '../../../actors/chain/codec.js';
import { LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { opensAtMs, proposersOf } from '../../../actors/chain/schedule.js';
import { GLOBALS, OPTIMUM } from '../../../actors/chain/state/state.js';
import { buildBlock } from '../../../actors/chain/transition.js';
import type { Block, ChainRecord, Transaction } from '../../../actors/chain/types.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import { seatBits } from '../../../actors/quorum/audit-rules.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, proofFor, sign, TestChain } from '../../kit/chain.js';
import { answersNow, spareNonce } from '../../kit/duties.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'];
const genesis = makeGenesis(MEMBERS, { parameters: { challenge: LOCAL_PARAMETERS.challenge } });
const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1, 2], -100 * NANO);
/** Commitments, and members and strangers who come and go: what may change who can be drawn. */
const fillers = [
  ...MEMBERS.slice(1).map((name, at) => sign(genesis, name, 1, makeReveal(genesis, name, [at, 7], -90 * NANO).commit)),
  ...MEMBERS.slice(5).map((name) => sign(genesis, name, 2, { type: 'register-evaluator', stamp: 0, domains: [] })),
  ...['new', 'newer'].map((name) =>
    sign(genesis, name, 1, { type: 'register-evaluator', stamp: 0, domains: [DOMAIN_ID] }),
  ),
];

/** What was drawn for ada's optimum in a block. */
function drawn(records: readonly ChainRecord[]): string {
  return records
    .flatMap((record) => {
      if (record.type === 'SEEDED' && record.optimum === optimum) return [record.trainingSeed];
      if (record.type === 'TASK_CREATED')
        return [`${record.seat.duty} ${record.seat.evaluator} ${record.seat.dataSeed}`];
      return record.type === 'CHALLENGED' ? record.jurors : [];
    })
    .join();
}

/** The rightful proposer's block with this content at this moment of his slot. */
function blockOf(chain: TestChain, transactions: readonly Transaction[], afterMs: number): Block {
  const slot = chain.tip.state.require(GLOBALS).slot + 1;
  const [proposer] = proposersOf(chain.tip.state, genesis, slot);
  const name = chain.names.get(proposer!)!;
  const vrfProof = proofFor(genesis, chain.tip, name, slot);
  const timestampMs = opensAtMs(genesis, slot, 0) + afterMs;
  const proposal = { slot, rank: 0, timestampMs, proposer: proposer!, vrfProof };
  const built = buildBlock(chain.tip, proposal, transactions, genesis, strictVerifier.signature)!;
  const signature = keyOf(name).sign(headerSigningBytes(built.header));
  return { header: { ...built.header, signature }, transactions: built.transactions };
}

/** A chain on which something has to be asked, and the transactions that ask it. */
type Ask = () => { readonly chain: TestChain; readonly asking: readonly Transaction[] };

const toCommit: Ask = () => ({
  chain: new TestChain(genesis, MEMBERS),
  asking: [sign(genesis, 'ada', 1, commit)],
});
const toReveal: Ask = () => {
  const { chain, asking } = toCommit();
  chain.addWithNext(asking);
  return { chain, asking: [sign(genesis, 'ada', 2, reveal)] };
};
const toVote: Ask = () => {
  const { chain, asking } = toReveal();
  chain.addWithNext(asking);
  return { chain, asking: answersNow(chain, { truthNano: () => -100 * NANO }) };
};
const toChallenge: Ask = () => {
  const { chain, asking } = toVote();
  chain.addWithNext(asking);
  const { seats } = chain.tip.state.require(OPTIMUM, optimum).reveal!;
  const { evaluator, measurement } = seats[0]!;
  const challenger = MEMBERS.find((name) => name !== 'ada' && keyOf(name).publicKey !== evaluator)!;
  const body = { type: 'challenge', optimum, seat: 0, bits: seatBits(measurement!) } as const;
  return { chain, asking: [sign(genesis, challenger, spareNonce(chain), body)] };
};

const content = fc.record({ beside: fc.subarray(fillers), afterMs: fc.nat(900), askedAfterMs: fc.nat(900) });

for (const [what, ask] of [
  ['the training seed of a commitment', toCommit],
  ['the seats of a reveal', toReveal],
  ['the audits of votes', toVote],
  ['the jury of a challenge', toChallenge],
] as const) {
  test(`${what}: one draw a slot, in the block after, whatever is in that block and when it comes`, (t) => {
    const { chain: base, asking } = ask();
    t.is(drawn(base.fork().apply(blockOf(base, asking, 0)).records), '', 'who includes it draws nothing');
    const seen = new Set<string>();
    fc.assert(
      fc.property(content, ({ beside, afterMs, askedAfterMs }) => {
        const chain = base.fork();
        chain.apply(blockOf(chain, asking, askedAfterMs));
        // A block needs a cause; where the state has one, the least content is none at all.
        seen.add(drawn(chain.apply(blockOf(chain, beside, afterMs)).records));
      }),
      { numRuns: 15, seed: 1 },
    );
    t.is(seen.size, 1);
    t.false(seen.has(''));
    // Another slot is another proposer's draw: withholding is all there is.
    const later = base.fork();
    later.apply(blockOf(later, asking, 0));
    t.false(seen.has(drawn(later.add([], 1).records)));
  });
}

/** Small chains that the attacks start from. */
import { EVALUATES, OPEN } from '../../actors/chain/state/state.js';
import type { Transaction } from '../../actors/chain/types.js';
import { NANO } from '../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../kit/chain.js';

export const NAMES = ['ada', 'bob', 'cid', 'dan'];
export const genesis = makeGenesis(NAMES);
export const CLAIM_NANO = -100 * NANO;

/** A chain after ada's commit and reveal; `tasks` are the records with the seats. */
export function revealed() {
  const chain = new TestChain(genesis, NAMES);
  const made = makeReveal(genesis, 'ada', [1, 2], CLAIM_NANO);
  chain.addWithNext([sign(genesis, 'ada', chain.nextNonce('ada'), made.commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'ada', chain.nextNonce('ada'), made.reveal)]);
  return { chain, ...made, tasks: records };
}

/** Votes as the claim says, and as many blocks as the verdict takes. */
export function accepted() {
  const context = revealed();
  context.chain.addWithNext(votesOn(context.chain, context.tasks, () => CLAIM_NANO));
  drain(context.chain);
  return context;
}

function drain(chain: TestChain): void {
  for (let count = 0; count < 200 && chain.tip.state.require(OPEN).length > 0; count += 1) chain.add([]);
}

/** Blocks without weight: a member leaves the register and comes back. */
export function idle(chain: TestChain, count: number): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf('dan').publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    chain.add([sign(genesis, 'dan', chain.nextNonce('dan'), { type: 'register-evaluator', stamp: 0, domains })]);
  }
  return chain;
}

export const filler = (chain: TestChain): Transaction =>
  sign(genesis, 'dan', chain.nextNonce('dan'), makeReveal(genesis, 'dan', [9, chain.blocks.length], -NANO).commit);

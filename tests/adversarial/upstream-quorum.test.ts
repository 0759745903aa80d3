/**
 * The failures proven in the Python system that concern who judges and what a verdict counts for. Every test runs the attack
 * twice: against the rule, where it must fail, and against what is left without the rule, where it must succeed.
 */
import test from 'ava';
import { Execution } from '../../actors/chain/execution.js';
import { shareWork } from '../../actors/chain/shares.js';
import { GLOBALS, SHARES } from '../../actors/chain/state/state.js';
import type { ChainRecord } from '../../actors/chain/types.js';
import { drawSeats } from '../../actors/quorum/rules.js';
import { keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../kit/chain.js';
import { accepted, CLAIM_NANO, genesis, NAMES } from './kit.js';

const CROWD = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'];
/** By whom ada would like to be judged: 4 of the 8 others, who fill all 4 seats in one draw of 70. */
const FRIENDS = ['bob', 'cid', 'dan', 'eve'].map((name) => keyOf(name).publicKey);

const areFriends = (nodes: readonly string[]) => nodes.every((node) => FRIENDS.includes(node));

test('committee grinding: who tries identities until he likes his judges has chosen them, if the draw is made of what he knows', (t) => {
  const crowd = makeGenesis(CROWD);
  const judges = CROWD.slice(1).map((name) => keyOf(name).publicKey);
  const { beacon: known } = new TestChain(crowd, CROWD).tip.state.require(GLOBALS);
  let ground = 0;
  let friendly = 0;
  for (let attempt = 0; ground < 8; attempt += 1) {
    const { optimum, commit, reveal } = makeReveal(crowd, 'ada', [attempt, 0], CLAIM_NANO);
    // All that he can know before he commits, as upstream's draw knew no more.
    if (!areFriends(drawSeats(known, optimum, judges).seated)) continue;
    ground += 1;
    const chain = new TestChain(crowd, CROWD);
    chain.addWithNext([sign(crowd, 'ada', 1, commit)]);
    const { records } = chain.addWithNext([sign(crowd, 'ada', 2, reveal)]);
    const drawn = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat.evaluator] : []));
    t.is(drawn.length, FRIENDS.length);
    t.deepEqual(drawn, drawSeats(chain.tip.state.require(GLOBALS).beacon, optimum, judges).seated);
    if (areFriends(drawn)) friendly += 1;
  }
  t.true(friendly <= 1, `${friendly} of ${ground} draws gave him the judges he had ground for`);
});

test('double counting of one optimum: it is accepted, paid for and weighed once, however often it is sent', (t) => {
  const { chain, tasks, optimum, commit, reveal } = accepted();
  const acceptances = () =>
    chain.history
      .flatMap(({ records }): readonly ChainRecord[] => records)
      .filter((record) => record.type === 'OPTIMAE_ACCEPTED' && record.optimum === optimum);
  const counted = () => {
    const { accepted: count, pendingWorkNano, totalWorkNano, supplyUnits } = chain.tip.state.require(GLOBALS);
    return { count, workNano: pendingWorkNano + totalWorkNano, supplyUnits };
  };
  const [acceptance] = acceptances();
  const before = counted();
  t.is(acceptance?.type === 'OPTIMAE_ACCEPTED' ? BigInt(acceptance.effectiveIncrementNano) : null, before.workNano);
  t.is(before.count, 1);

  // His own words again, his own work again as if it were new, and the same by somebody else.
  t.throws(() => chain.add([sign(genesis, 'ada', chain.nextNonce('ada'), reveal)]), { message: /unknown-commitment/ });
  const [vote] = votesOn(chain, tasks, () => CLAIM_NANO);
  const voter = chain.names.get(vote!.sender)!;
  t.throws(() => chain.add([sign(genesis, voter, chain.nextNonce(voter), vote!.body)]), { message: /unknown-optimum/ });
  for (const [name, again] of [
    ['ada', { commit, reveal }] as const,
    ['bob', makeReveal(genesis, 'bob', [1, 2], 0)] as const,
  ]) {
    chain.addWithNext([sign(genesis, name, chain.nextNonce(name), again.commit)]);
    t.throws(() => chain.add([sign(genesis, name, chain.nextNonce(name), again.reveal)]), { message: /genome/ });
  }
  t.deepEqual(counted(), before);
  t.is(acceptances().length, 1);

  const { height, timestampMs, slot, proposer } = chain.blocks.at(-1)!.header;
  const { beacon } = chain.tip.state.require(GLOBALS);
  const execution = new Execution(chain.tip.state, genesis, { height, timestampMs, slot, proposer, beacon });
  const { optimizers: once } = execution.state.require(SHARES);
  shareWork(execution, keyOf(NAMES[0]!).publicKey, before.workNano);
  const { optimizers: twice } = execution.state.require(SHARES);
  const sum = (shares: typeof once) => shares.reduce((total, { workNano }) => total + workNano, 0n);
  t.is(sum(twice), sum(once) + before.workNano, 'without the rule the same acceptance would be paid again');
});

import test from 'ava';
import { memberIds } from '../../../actors/chain/state/members.js';
import { DOMAIN, GLOBALS, OPEN, REPUTATION } from '../../../actors/chain/state/state.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../../kit/chain.js';

/** Attacks that an early reader of the code found; each worked once. */
const FOUNDERS = ['ada', 'bob', 'cid', 'dan'];

function revealBy(name: string, members: readonly string[], reportedNano = -100 * NANO) {
  const genesis = makeGenesis(FOUNDERS);
  const chain = new TestChain(genesis, members);
  const { commit, reveal, optimum } = makeReveal(genesis, name, [1, 2], reportedNano);
  chain.addWithNext([sign(genesis, name, 1, commit)]);
  const { records } = chain.addWithNext([sign(genesis, name, 2, reveal)]);
  return { genesis, chain, optimum, records };
}

/** Empty blocks until nothing is open any more. */
function wait(chain: TestChain): void {
  for (let count = 0; count < 300 && chain.tip.state.require(OPEN).length > 0; count += 1) chain.add([]);
}

test('a member alone on his branch cannot confirm a stranger’s claim by waiting the other seats out', (t) => {
  const { chain, records } = revealBy('stranger', [...FOUNDERS, 'stranger']);
  const [own] = votesOn(chain, records, () => -100 * NANO);
  chain.add([own!]);
  wait(chain);
  t.is(chain.tip.state.require(GLOBALS).accepted, 0);
  t.is(chain.tip.state.require(DOMAIN, 'quadratic').champion, null);
});

test('an optimum that nobody can measure costs the evaluators nothing', (t) => {
  const { chain } = revealBy('stranger', [...FOUNDERS, 'stranger']);
  wait(chain);
  for (const name of FOUNDERS) {
    t.is(chain.tip.state.require(REPUTATION, keyOf(name).publicKey).scoreMicro, 10_000_000, name);
  }
});

test('strangers whose garbage is rejected do not become members', (t) => {
  const { chain, records } = revealBy('stranger', [...FOUNDERS, 'stranger']);
  chain.addWithNext(votesOn(chain, records, () => null));
  t.is(memberIds(chain.tip.state).length, FOUNDERS.length);
});

test('a network whose members all lost their reputation to time still verifies, and earns it anew', (t) => {
  const genesis = makeGenesis(FOUNDERS);
  const chain = new TestChain(genesis, FOUNDERS);
  const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], -100 * NANO);
  const halfYearOfSlots = 15_000_000;
  chain.addWithNext([sign(genesis, 'ada', 1, commit)], halfYearOfSlots);
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const votes = votesOn(chain, records, () => -100 * NANO);
  t.is(votes.length, 3);
  chain.addWithNext(votes);
  t.is(chain.tip.state.require(GLOBALS).accepted, 1);
  t.true(chain.tip.state.require(REPUTATION, keyOf('ada').publicKey).scoreMicro >= 1_000_000);
});

test('a claim without measure weighs no more than the cap', (t) => {
  const genesis = makeGenesis(FOUNDERS, { domain: { incrementScaleNano: 1 } });
  const chain = new TestChain(genesis, FOUNDERS);
  const huge = 9_000_000 * NANO;
  const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], huge);
  chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const { state } = chain.addWithNext(votesOn(chain, records, () => huge));
  t.true(state.require(GLOBALS).totalWorkNano <= 10_000n * 1_000_000_000n);
});

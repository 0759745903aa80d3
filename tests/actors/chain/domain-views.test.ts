import test from 'ava';
import { domainDetailsOf, proposalsOf } from '../../../actors/chain/domain-views.js';
import { domainHash } from '../../../actors/chain/genesis.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import { keyOf, makeGenesis, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS);
const spec = { ...quadraticSpec(3), domainId: 'sphere', module: 'sphere' };
const specHash = domainHash(spec);
const dataHash = 'ab'.repeat(32);

test('a proposal is shown with its deposit and the reputation behind it, and then as a domain with its weight', (t) => {
  const chain = new TestChain(genesis, MEMBERS).fund('zoe', 20 * 100_000_000);
  chain.add([sign(genesis, 'zoe', 1, { type: 'domain-register', spec, dataHash })]);
  const vote = (name: string) => sign(genesis, name, 1, { type: 'domain-vote', domain: 'sphere', specHash });
  chain.add([vote('ada')]);
  const [proposal] = proposalsOf(chain.tip.state, genesis);
  t.like(proposal, { specHash, dataHash, depositUnits: genesis.parameters.domains.depositUnits });
  t.deepEqual(proposal?.approvals, [keyOf('ada').publicKey]);
  const { yesMicro = 0n, totalMicro = 0n } = proposal ?? {};
  t.is((4n * yesMicro) / totalMicro, 1n, 'one of four equals');
  t.deepEqual(
    domainDetailsOf(chain.tip.state, genesis).map(({ spec: { domainId } }) => domainId),
    ['quadratic'],
  );

  chain.add([vote('bob'), vote('cid')]);
  t.deepEqual(proposalsOf(chain.tip.state, genesis), []);
  const [, sphere] = domainDetailsOf(chain.tip.state, genesis);
  t.deepEqual(sphere?.spec, spec);
  t.is(sphere?.specHash, specHash);
  // Two domains, no payments, no increments: half each.
  t.is(sphere?.weightNano, 500_000_000);
  t.is(sphere?.shareNano, 500_000_000);

  // Zoe pays for an answer: the burned tenth moves the shares, and with them the weights.
  const request = 'cd'.repeat(32);
  const payment = { type: 'inference-pay', to: keyOf('ada').publicKey, domain: 'sphere', request } as const;
  chain.add([sign(genesis, 'zoe', 2, { ...payment, amountUnits: 100_000_000 })]);
  const [other, paid] = domainDetailsOf(chain.tip.state, genesis);
  t.is(paid?.burnedUnits, 10_000_000);
  t.true(paid!.shareNano > 500_000_000 && paid!.weightNano > 500_000_000);
  t.true(other!.shareNano < 500_000_000);
});

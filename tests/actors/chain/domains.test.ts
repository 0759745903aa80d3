import test from 'ava';
import fc from 'fast-check';
import { decodeTransaction, transactionBytes } from '../../../actors/chain/codec.js';
import { auditOf } from '../../../actors/chain/coins.js';
import { domainSpecCodec, faultOf } from '../../../actors/chain/domain-spec.js';
import { domainHash, type Genesis } from '../../../actors/chain/genesis.js';
import { LIMITS } from '../../../actors/chain/limits.js';
import { DEFINITION, DOMAINS, PROPOSALS } from '../../../actors/chain/state/domains.js';
import { DOMAIN } from '../../../actors/chain/state/state.js';
import { optimumIdOf } from '../../../actors/chain/transactions/commit.js';
import type { TransactionBody } from '../../../actors/chain/types.js';
import { domainsOf } from '../../../actors/chain/views.js';
import { digitsSpec } from '../../../gpu-workers/domains/digits/spec.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import type { DomainSpec } from '../../../gpu-workers/types.js';
import { decode, encode } from '../../../runtime/codec/canonical.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { domainSpecs } from '../../kit/arbitraries.js';
import { keyOf, makeGenesis, makeReveal, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis: Genesis = makeGenesis(MEMBERS);
const { depositUnits, votingMs } = genesis.parameters.domains;
const MINIMUM = 100_000;
const START = 20 * 100_000_000;
const spec: DomainSpec = { ...quadraticSpec(3), domainId: 'sphere', module: 'sphere' };
const specHash = domainHash(spec);
const dataHash = 'ab'.repeat(32);
const register = (change: Partial<DomainSpec> = {}): TransactionBody => ({
  type: 'domain-register',
  spec: { ...spec, ...change },
  dataHash,
});
const vote: TransactionBody = { type: 'domain-vote', domain: 'sphere', specHash };
const cause = () => sign(genesis, 'dan', 900, makeReveal(genesis, 'dan', [9, 9], 0).commit);

function proposed(): TestChain {
  const chain = new TestChain(genesis, MEMBERS).fund('zoe', START);
  chain.add([sign(genesis, 'zoe', 1, register())]);
  return chain;
}

const commitment = 'cd'.repeat(32);
const optimum = optimumIdOf(commitment, keyOf('ada').publicKey);
const commit: TransactionBody = { type: 'commit', optimum, commitment, domain: 'sphere', stamp: 0 };

test('a registered domain locks its deposit and counts for nothing until it is voted in', (t) => {
  const chain = proposed();
  const { state } = chain.tip;
  t.is(chain.balance('zoe'), START - depositUnits - MINIMUM);
  t.deepEqual(auditOf(state), { mintedUnits: START, accountedUnits: START });
  t.deepEqual(state.require(PROPOSALS), ['sphere']);
  t.deepEqual(state.require(DOMAINS), ['quadratic']);
  t.is(state.require(DEFINITION, 'sphere').dataHash, dataHash);
  t.throws(() => chain.add([cause(), sign(genesis, 'ada', 1, commit)]), { message: /unknown-domain/ });
  const evaluate: TransactionBody = { type: 'register-evaluator', stamp: 0, domains: ['sphere'] };
  t.throws(() => chain.add([cause(), sign(genesis, 'ada', 1, evaluate)]), { message: /unknown-domain/ });
});

test('two thirds of the eligible reputation vote it in: the deposit comes back and work can begin', (t) => {
  const chain = proposed();
  chain.add([sign(genesis, 'ada', 1, vote), sign(genesis, 'bob', 1, vote)]);
  t.deepEqual(chain.tip.state.require(DOMAINS), ['quadratic'], 'half is not enough');
  const { records, state } = chain.add([sign(genesis, 'cid', 1, vote)]);
  t.deepEqual(records[0], { type: 'DOMAIN', domain: 'sphere', specHash, status: 'active' });
  t.is(chain.balance('zoe'), START - MINIMUM);
  t.deepEqual(auditOf(state), { mintedUnits: START, accountedUnits: START });
  t.deepEqual(state.require(PROPOSALS), []);
  t.is(state.require(DOMAIN, 'sphere').bestNano, spec.baselineNano);
  t.deepEqual(
    domainsOf(state).map(({ domainId, baselineNano }) => [domainId, baselineNano]),
    [
      ['quadratic', -420 * NANO],
      ['sphere', -126 * NANO],
    ],
  );
  chain.add([
    sign(genesis, 'ada', 2, commit),
    sign(genesis, 'ada', 3, { type: 'register-evaluator', stamp: 0, domains: ['quadratic', 'sphere'] }),
  ]);
  const late = makeReveal(genesis, 'eve', [9, 9], 0).commit;
  t.throws(() => chain.add([sign(genesis, 'eve', 1, late), sign(genesis, 'dan', 1, vote)]), {
    message: /domain-decided/,
  });
});

test('a proposal that finds no majority in time loses a fifth of its deposit, and its id is free again', (t) => {
  const chain = proposed();
  chain.add([sign(genesis, 'ada', 1, vote)]);
  const { records, state } = chain.add([cause()], votingMs / genesis.parameters.slotMs);
  t.like(records.at(-1), { type: 'DOMAIN', domain: 'sphere', status: 'expired' });
  t.is(chain.balance('zoe'), START - MINIMUM - depositUnits / 5);
  t.deepEqual(auditOf(state), { mintedUnits: START, accountedUnits: START });
  t.is(state.get(DEFINITION, 'sphere'), undefined);
  const again = chain.add([sign(genesis, 'zoe', 2, register({ module: 'other' }))]);
  t.deepEqual(again.state.require(PROPOSALS), ['sphere']);
  const late = makeReveal(genesis, 'eve', [9, 9], 0).commit;
  t.throws(() => chain.add([sign(genesis, 'eve', 1, late), sign(genesis, 'bob', 1, vote)]), {
    message: /other-definition/,
  });
});

const refusedVotes: [name: string, code: string, make: (chain: TestChain) => [string, TransactionBody]][] = [
  ['by somebody without reputation', 'not-eligible', () => ['zoe', vote]],
  [
    'for a domain that nobody proposed',
    'unknown-domain',
    () => ['ada', { ...vote, domain: 'cube' } as TransactionBody],
  ],
  ['for another definition', 'other-definition', () => ['ada', { ...vote, specHash: dataHash } as TransactionBody]],
  ['for a domain of the genesis', 'domain-decided', () => ['ada', { ...vote, domain: 'quadratic' } as TransactionBody]],
];
for (const [name, code, make] of refusedVotes) {
  test(`a vote ${name} is refused`, (t) => {
    const chain = proposed();
    const [voter, body] = make(chain);
    t.throws(() => chain.add([cause(), sign(genesis, voter, 50, body)]), { message: new RegExp(code) });
  });
}

test('nobody votes twice', (t) => {
  const chain = proposed();
  chain.add([sign(genesis, 'ada', 1, vote)]);
  t.throws(() => chain.add([cause(), sign(genesis, 'ada', 2, vote)]), { message: /voted-already/ });
});

test('who cannot pay the deposit registers nothing, and an id is taken once', (t) => {
  const chain = proposed().fund('yan', depositUnits + MINIMUM - 1);
  const cube = register({ domainId: 'cube' });
  t.throws(() => chain.add([cause(), sign(genesis, 'yan', 1, cube)]), { message: /insufficient-balance/ });
  chain.fund('yan', depositUnits);
  t.throws(() => chain.add([cause(), sign(genesis, 'yan', 1, register())]), { message: /domain-exists/ });
  const known = register({ domainId: 'quadratic' });
  t.throws(() => chain.add([cause(), sign(genesis, 'yan', 1, known)]), { message: /domain-exists/ });
});

const { limits, space } = spec;
const faults: [fault: string, change: Partial<DomainSpec>][] = [
  ['bad-domain-id', { domainId: '' }],
  ['bad-domain-id', { domainId: 'Sphere' }],
  ['bad-module', { module: '' }],
  ['bad-module', { module: 'a b' }],
  ['bad-metric', { metric: '' }],
  ['bad-space', { space: [] }],
  ['bad-space', { space: [space[0]!, space[0]!] }],
  ['bad-space', { space: [{ name: 'x', kind: 'int', low: 2, high: 1 }] }],
  ['bad-space', { space: [{ name: 'x', kind: 'float', low: 0, high: 1, log: true }] }],
  ['bad-space', { space: [{ name: 'x', kind: 'categorical', choices: [] }] }],
  ['bad-space', { space: [{ name: 'x', kind: 'categorical', choices: ['a', 'a'] }] }],
  ['bad-space', { space: [{ name: '', kind: 'int', low: 0, high: 1 }] }],
  ['bad-baseline', { baselineNano: -9_000_000_000_000_001 }],
  ['bad-increment-scale', { incrementScaleNano: 999_999 }],
  ['bad-weight', { weightNano: 0 }],
  ['bad-weight', { weightNano: 10 * NANO + 1 }],
  ['bad-weight', { verification: 'statistical', weightNano: NANO / 2 + 1 }],
  ['bad-limits', { limits: { ...limits, trainingSeconds: 3_601 } }],
  ['bad-limits', { limits: { ...limits, memoryMb: 8_193 } }],
  ['bad-limits', { limits: { ...limits, epochs: 5_001 } }],
  ['bad-limits', { limits: { ...limits, batchSize: 513 } }],
  ['bad-limits', { limits: { ...limits, blobBytes: LIMITS.blobBytes + 1 } }],
  ['bad-limits', { limits: { ...limits, epochs: 0 } }],
];
for (const [index, [fault, change]] of faults.entries()) {
  test(`definition ${index} with ${fault} is refused, and costs nothing`, (t) => {
    const chain = new TestChain(genesis, MEMBERS).fund('zoe', START);
    t.throws(() => chain.add([cause(), sign(genesis, 'zoe', 1, register(change))]), { message: new RegExp(fault) });
    t.is(chain.balance('zoe'), START);
    t.is(faultOf({ ...spec, ...change }), fault);
  });
}

test('the built-in domains could be registered', (t) => {
  t.is(faultOf(digitsSpec), null);
  t.is(faultOf(quadraticSpec(10)), null);
});

test('there is room for 64 proposals', (t) => {
  const chain = new TestChain(genesis, MEMBERS).fund('zoe', 100 * depositUnits);
  const bodies = Array.from({ length: 65 }, (_, index) => register({ domainId: `cube-${index}` }));
  const added = chain.addValid(bodies.map((body, index) => sign(genesis, 'zoe', index + 1, body)))!;
  t.is(added.state.require(PROPOSALS).length, 64);
});

test('a definition survives its bytes with the same hash, whatever it holds', (t) => {
  fc.assert(
    fc.property(domainSpecs, (any) => {
      const back = decode(domainSpecCodec, encode(domainSpecCodec, any));
      t.deepEqual(back, any);
      t.is(domainHash(back), domainHash(any));
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('a definition larger than a transaction may be is not even read', (t) => {
  const choices = Array.from({ length: 1_000 }, (_, index) => `${index}`.padStart(64, 'x'));
  const huge = register({ space: ['a', 'b'].map((name) => ({ name, kind: 'categorical' as const, choices })) });
  const bytes = transactionBytes(sign(genesis, 'zoe', 1, huge));
  t.true(bytes.length > LIMITS.transactionBytes);
  t.false(decodeTransaction(bytes).ok);
});

import test from 'ava';
import fc from 'fast-check';
import { contradict } from '../../../../actors/chain/finality/slashing.js';
import { nextAttestation } from '../../../../actors/chain/finality/voting.js';
import type { Genesis } from '../../../../actors/chain/genesis.js';
import { CANDIDATE, ELECTORATE } from '../../../../actors/chain/state/finality.js';
import type { Attestation, Checkpoint } from '../../../../actors/chain/types.js';
import { keyOf, makeGenesis } from '../../../kit/chain.js';
import { CheckpointChain, type Signed } from '../../../kit/checkpoints.js';

const NAMES = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay'];
const FINALITY_PARAMETERS = { checkpointBlocks: 4, depthBlocks: 6, silentBlocks: 500 };
const MICRO = 1_000_000;

function genesisOf(reputations: readonly number[], silentBlocks = 500): Genesis {
  const genesis = makeGenesis(NAMES.slice(0, reputations.length), {
    parameters: { finality: { ...FINALITY_PARAMETERS, silentBlocks } },
  });
  const members = genesis.members.map((member, at) => ({ ...member, reputationMicro: reputations[at]! * MICRO }));
  return { ...genesis, members };
}

const ids = new Map([...NAMES, 'stranger'].map((name) => [name, keyOf(name).publicKey]));
const idOf = (name: string): string => ids.get(name)!;

/** What honest members say on top of this chain. */
function votes(chain: CheckpointChain, names: readonly string[]): Signed[] {
  return names.flatMap((name) => {
    const attestation = nextAttestation(chain.state, chain.genesis, idOf(name), null);
    return attestation === null ? [] : [{ node: idOf(name), attestation }];
  });
}

function grow(chain: CheckpointChain, count: number, names: readonly string[]): CheckpointChain {
  for (let block = 0; block < count; block += 1) chain.add(votes(chain, names));
  return chain;
}

test('with everybody attesting, each block is final after at most two checkpoints, the depth and two blocks', (t) => {
  const chain = new CheckpointChain(genesisOf([10, 10, 10, 10]));
  t.is(chain.finality.finalized.hash, chain.hashes[0]!);
  for (let block = 1; block <= 60; block += 1) {
    grow(chain, 1, NAMES.slice(0, 4));
    const { justified, finalized } = chain.finality;
    t.true(finalized.height >= block - (2 * 4 + 6 + 2), `height ${block}, final ${finalized.height}`);
    t.true(justified.height <= Math.max(0, block - 6) && finalized.height <= justified.height);
    t.is(finalized.hash, chain.hashes[finalized.height]!);
    t.is(justified.hash, chain.hashes[justified.height]!);
  }
  const finals = chain.records.flatMap((record) => (record.type === 'FINALIZED' ? [record.height] : []));
  t.deepEqual(finals, [4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48]);
});

test('two thirds of the weight are enough, a unit less is not', (t) => {
  const finalOf = (reputations: readonly number[], names: readonly string[]) =>
    grow(new CheckpointChain(genesisOf(reputations)), 40, names).finality.finalized.height;
  t.true(finalOf([10, 10, 10], ['ada', 'bob']) > 0);
  t.is(finalOf([10, 10, 10.000001], ['ada', 'bob']), 0);
  t.is(finalOf([10, 10, 10, 10], ['ada', 'bob']), 0);
  t.true(finalOf([20, 2, 2, 2], ['ada']) > 0, 'weight counts, not heads');
  t.is(finalOf([20, 10, 10, 10], ['bob', 'cid', 'dan']), 0);
  t.true(finalOf([10], ['ada']) > 0, 'a solo network finalises by itself');
});

test('a checkpoint that was justified over a gap makes nothing final; the next one does', (t) => {
  const chain = grow(new CheckpointChain(genesisOf([10, 10, 10])), 18, []);
  grow(chain, 1, NAMES.slice(0, 3));
  t.deepEqual(chain.finality.justified.height, 12);
  t.is(chain.finality.finalized.height, 0, 'the link began at the genesis, three checkpoints before');
  grow(chain, 4, NAMES.slice(0, 3));
  t.is(chain.finality.justified.height, 16);
  t.is(chain.finality.finalized.height, 12);
});

test('an attestation counts only from a member, once, for a deep checkpoint of this chain, from the justified one', (t) => {
  const chain = grow(new CheckpointChain(genesisOf([10, 10, 10])), 9, []);
  const ada = idOf('ada');
  const at = (height: number): Checkpoint => ({ height, hash: chain.hashes[height]! });
  const origin = at(0);
  const code = (attestation: Attestation, node = ada) => chain.fork().add([{ node, attestation }])[0];
  t.is(code({ source: origin, target: at(4) }), 'checkpoint-not-deep');
  grow(chain, 1, []);
  t.is(code({ source: origin, target: at(4) }), null);
  t.is(code({ source: origin, target: at(4) }, idOf('stranger')), 'no-weight');
  t.is(code({ source: origin, target: { ...at(4), hash: 'ab'.repeat(32) } }), 'unknown-checkpoint');
  t.is(code({ source: origin, target: at(5) }), 'unknown-checkpoint', 'no checkpoint');
  t.is(code({ source: { ...origin, hash: 'ab'.repeat(32) }, target: at(4) }), 'other-source');
  t.is(code({ source: at(4), target: at(4) }), 'bad-link');
  t.is(code({ source: at(8), target: at(4) }), 'bad-link');
  t.is(code({ source: at(4), target: at(8) }), 'checkpoint-not-deep');
  chain.add([{ node: ada, attestation: { source: origin, target: at(4) } }]);
  t.is(code({ source: origin, target: at(4) }), 'already-attested');
  t.is(chain.finality.justified.height, 0, 'one of three');
  grow(chain, 1, ['bob']);
  t.is(chain.finality.justified.height, 4);
  t.is(code({ source: origin, target: at(4) }, idOf('cid')), null, 'who comes late is there all the same');
  grow(chain, 6, ['ada', 'bob']);
  t.is(chain.finality.finalized.height, 4);
  t.is(code({ source: origin, target: at(4) }, idOf('cid')), 'already-final');
});

test('what is behind the final checkpoint leaves the state, and a chain without finality keeps a bounded number', (t) => {
  const chain = grow(new CheckpointChain(genesisOf([10, 10, 10])), 200, ['ada']);
  t.is(chain.finality.finalized.height, 0);
  t.true([...chain.state.list(CANDIDATE)].length <= 16);
  t.true([...chain.state.list(ELECTORATE)].length <= 17);
  grow(chain, 40, ['ada', 'bob', 'cid']);
  t.true(chain.finality.finalized.height > 200);
  t.true([...chain.state.list(CANDIDATE)].length <= 4);
  t.true([...chain.state.list(ELECTORATE)].length <= 5);
});

test('members who fell silent weigh half after a while and half again, until the others can finalise; attesting brings it back', (t) => {
  const names = ['ada', 'bob'];
  const chain = grow(new CheckpointChain(genesisOf([10, 10, 10, 10], 40)), 38, names);
  t.is(chain.finality.finalized.height, 0, 'half of the weight');
  // 20 of 20 + 10 present weight is two thirds.
  grow(chain, 20, names);
  t.true(chain.finality.finalized.height > 0);
  grow(chain, 12, [...names, 'cid', 'dan']);
  const { height } = chain.finality.finalized;
  grow(chain, 12, [...names]);
  t.true(chain.finality.finalized.height <= height + 8, 'they are back, and needed again');
  grow(chain, 200, ['ada']);
  t.true(chain.finality.finalized.height > height + 100, 'one of four, after everybody else left');
});

interface World {
  readonly reputations: readonly number[];
  readonly liars: readonly boolean[];
  readonly forkAt: number;
  /** Per block: which branch each honest member looks at, and who is heard. */
  readonly moves: readonly { readonly looks: number; readonly heard: readonly [number, number] }[];
}

const worlds: fc.Arbitrary<World> = fc.integer({ min: 1, max: 6 }).chain((size) =>
  fc.record({
    reputations: fc.array(fc.integer({ min: 2, max: 20 }), { minLength: size, maxLength: size }),
    liars: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
    forkAt: fc.nat(14),
    moves: fc.array(
      fc.record({
        looks: fc.nat(63),
        heard: fc.tuple(fc.oneof(fc.constant(63), fc.nat(63)), fc.oneof(fc.constant(63), fc.nat(63))),
      }),
      { minLength: 40, maxLength: 40 },
    ),
  }),
);

/** Two branches grow side by side; liars attest on both whatever they said before, the others by the rules. */
function play({ reputations, liars, forkAt, moves }: World) {
  const names = NAMES.slice(0, reputations.length);
  const trunk = new CheckpointChain(genesisOf(reputations));
  const last = new Map<string, Attestation>();
  const speak = (chain: CheckpointChain, name: string, honest: boolean): Signed[] => {
    const said = honest ? (last.get(name) ?? null) : null;
    const attestation = nextAttestation(chain.state, chain.genesis, idOf(name), said);
    if (attestation === null) return [];
    if (honest) last.set(name, attestation);
    return [{ node: idOf(name), attestation }];
  };
  for (let block = 0; block < forkAt; block += 1) {
    trunk.add(names.flatMap((name, at) => speak(trunk, name, !liars[at])));
  }
  const branches = [trunk.fork(), trunk.fork()] as const;
  const signed: Signed[] = [...trunk.included];
  for (const { looks, heard } of moves) {
    for (const [index, branch] of branches.entries()) {
      const spoken = names.flatMap((name, at) => {
        const here = liars[at] || ((looks >> at) & 1) === index;
        return here && ((heard[index]! >> at) & 1) === 1 ? speak(branch, name, !liars[at]) : [];
      });
      signed.push(...spoken);
      branch.add(spoken, `branch ${index}`);
    }
  }
  return { branches, signed, names };
}

function areInConflict([a, b]: readonly [CheckpointChain, CheckpointChain]): boolean {
  const lower = Math.min(a.finality.finalized.height, b.finality.finalized.height);
  return a.hashes[lower] !== b.hashes[lower];
}

function slashableMicro(reputations: readonly number[], names: readonly string[], signed: readonly Signed[]): number {
  return names.reduce((sum, name, at) => {
    const own = signed.filter(({ node }) => node === idOf(name)).map(({ attestation }) => attestation);
    const guilty = own.some((a, index) => own.slice(0, index).some((b) => contradict(a, b)));
    return guilty ? sum + reputations[at]! * MICRO : sum;
  }, 0);
}

test('two final checkpoints in conflict have a third of the weight on record as liars, and no honest member ever is', (t) => {
  let conflicts = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const { branches, signed, names } = play(world);
      const honest = names.filter((_, at) => !world.liars[at]);
      t.is(
        slashableMicro(
          names.map(() => 1),
          honest,
          signed,
        ),
        0,
        'honest',
      );
      if (!areInConflict(branches)) return;
      conflicts += 1;
      const total = world.reputations.reduce((sum, reputation) => sum + reputation * MICRO, 0);
      t.true(3 * slashableMicro(world.reputations, names, signed) >= total);
    }),
    { numRuns: 300, seed: 1 },
  );
  t.true(conflicts >= 20, `only ${conflicts} of the worlds finalised both branches: the property would be empty`);
});

test('the two commandments, and what breaks neither', (t) => {
  const link = (source: number, target: number, branch = 'aa'): Attestation => ({
    source: { height: source, hash: branch.repeat(32) },
    target: { height: target, hash: branch.repeat(32) },
  });
  t.true(contradict(link(0, 4), link(0, 4, 'bb')), 'one height twice');
  t.true(contradict(link(0, 8), link(4, 8)), 'one target from two sources');
  t.true(contradict(link(0, 12), link(4, 8)), 'around');
  t.true(contradict(link(4, 8), link(0, 12)), 'inside');
  t.false(contradict(link(0, 4), link(0, 4)), 'the same again');
  t.false(contradict(link(0, 4), link(4, 8)));
  t.false(contradict(link(0, 4), link(0, 8)));
  t.false(contradict(link(0, 4), link(0, 8, 'bb')), 'another branch later on, from a source in common');
});

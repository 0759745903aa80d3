import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { DEFAULT_PARAMETERS } from '../../../actors/chain/genesis.js';
import {
  drawSeats,
  incentiveFractionNano,
  quorumAgrees,
  quorumSize,
  seatDataSeed,
  tally,
  traceDigestOf,
} from '../../../actors/quorum/rules.js';
import { digitsSpec } from '../../../gpu-workers/domains/digits/spec.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import { Random } from '../../../gpu-workers/random.js';
import { NANO } from '../../../runtime/fixed/nano.js';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const candidates = (count: number) => Array.from({ length: count }, (_, index) => hashOf(`candidate ${index}`));

test('the quorum has the size of the design’s formula for every number of candidates', (t) => {
  for (let n = 0; n <= 5_000; n += 1) {
    let log2 = 0;
    while (2 ** (log2 + 1) <= n) log2 += 1;
    const upper = Math.max(3, Math.min(15, Math.floor(n / 2)));
    t.is(quorumSize(n), Math.min(n, Math.max(3, Math.min(upper, 3 + log2))), `${n}`);
  }
});

for (const [n, size] of [
  [0, 0],
  [1, 1],
  [2, 2],
  [3, 3],
  [7, 3],
  [8, 4],
  [16, 7],
  [32, 8],
  [64, 9],
  [1_000, 12],
  [4_096, 15],
  [1_000_000, 15],
] as const) {
  test(`${n} candidates make a quorum of ${size}`, (t) => {
    t.is(quorumSize(n), size);
  });
}

test('a draw seats different candidates, fills the standby list, and depends on nothing but its arguments', (t) => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(), fc.nat(), fc.nat(), (count, beaconSeed, optimumSeed, shuffle) => {
      const [beacon, optimum] = [hashOf(`beacon ${beaconSeed}`), hashOf(`optimum ${optimumSeed}`)];
      const list = candidates(count);
      const draw = drawSeats(beacon, optimum, list);
      const all = [...draw.seated, ...draw.standby];
      t.is(new Set(all).size, all.length);
      t.true(all.every((node) => list.includes(node)));
      t.is(draw.seated.length, quorumSize(count));
      t.is(draw.standby.length, Math.min(16, count - draw.seated.length));
      const mixed = list.toSorted((a, b) => (hashOf(a + shuffle) < hashOf(b + shuffle) ? -1 : 1));
      t.deepEqual(drawSeats(beacon, optimum, mixed), draw, 'the order of the input does not matter');
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('another beacon or another optimum gives another draw', (t) => {
  const list = candidates(30);
  const draws = [0, 1, 2, 3].flatMap((index) => [
    drawSeats(hashOf(`b${index}`), hashOf('o'), list),
    drawSeats(hashOf('b'), hashOf(`o${index}`), list),
  ]);
  t.is(new Set(draws.map((draw) => draw.seated.join())).size, 8);
});

test('every candidate is seated equally often over many beacons', (t) => {
  const list = candidates(12);
  const counts = new Map(list.map((node) => [node, 0]));
  const draws = 3_000;
  for (let index = 0; index < draws; index += 1) {
    for (const node of drawSeats(hashOf(`fair ${index}`), hashOf('optimum'), list).seated) {
      counts.set(node, counts.get(node)! + 1);
    }
  }
  const expected = (draws * quorumSize(12)) / 12;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  t.true(chiSquare < 31.26, `chi square ${chiSquare}; 31.26 is the 0.1 % point at 11 degrees of freedom`);
});

test('every seat has data of its own, tied to all it is made from', (t) => {
  const arguments_ = [hashOf('c'), 'domain', hashOf('e'), hashOf('b')] as const;
  const seed = seatDataSeed(...arguments_);
  t.is(seatDataSeed(...arguments_), seed);
  t.not(seatDataSeed(hashOf('x'), 'domain', hashOf('e'), hashOf('b')), seed);
  t.not(seatDataSeed(hashOf('c'), 'domain2', hashOf('e'), hashOf('b')), seed);
  t.not(seatDataSeed(hashOf('c'), 'domain', hashOf('x'), hashOf('b')), seed);
  t.not(seatDataSeed(hashOf('c'), 'domain', hashOf('e'), hashOf('x')), seed);
});

test('a trace digest is of use to nobody but the evaluator whose id is in it', (t) => {
  const digest = traceDigestOf(hashOf('e'), hashOf('outputs'));
  t.is(traceDigestOf(hashOf('e'), hashOf('outputs')), digest);
  t.not(traceDigestOf(hashOf('f'), hashOf('outputs')), digest);
  t.not(traceDigestOf(hashOf('e'), hashOf('other outputs')), digest);
});

const safe = fc.maxSafeInteger();
const votes = fc.array(fc.record({ performanceNano: safe, standardErrorNano: fc.maxSafeNat() }), {
  minLength: 1,
  maxLength: 9,
});

test('the median is the middle vote, and who is within the tolerance of it agrees', (t) => {
  fc.assert(
    fc.property(votes, fc.nat(10), fc.nat(1_000_000), (list, standardErrors, floor) => {
      const result = tally(list, { standardErrors, floorNano: floor, noiseNano: Number.MAX_SAFE_INTEGER });
      const sorted = list.map((vote) => vote.performanceNano).sort((a, b) => a - b);
      t.is(result.medianNano, sorted[Math.floor((sorted.length - 1) / 2)]!);
      t.true(result.toleranceNano >= floor && Number.isSafeInteger(result.toleranceNano));
      const distance = (value: number) => {
        const difference = BigInt(value) - BigInt(result.medianNano);
        return difference < 0n ? -difference : difference;
      };
      t.deepEqual(
        result.agrees,
        list.map((vote) => distance(vote.performanceNano) <= BigInt(result.toleranceNano)),
      );
      t.is(result.agreeing, result.agrees.filter(Boolean).length);
      t.true(result.agreeing >= 1);
    }),
    { numRuns: 500, seed: 2 },
  );
});

const ROOMY = { standardErrors: 4, floorNano: 2, noiseNano: Number.MAX_SAFE_INTEGER };

test('a single claim of a huge error does not widen the tolerance', (t) => {
  const honest = { performanceNano: 100, standardErrorNano: 1 };
  const liar = { performanceNano: 100_000, standardErrorNano: Number.MAX_SAFE_INTEGER };
  const result = tally([honest, liar, honest], ROOMY);
  t.is(result.toleranceNano, 4);
  t.deepEqual(result.agrees, [true, false, true]);
  t.throws(() => tally([], ROOMY), { instanceOf: RangeError });
});

test('voters who all state huge errors widen the tolerance no further than the domain’s declared noise', (t) => {
  const liar = (performanceNano: number) => ({ performanceNano, standardErrorNano: Number.MAX_SAFE_INTEGER });
  const result = tally([liar(0), liar(100), liar(1_000)], { standardErrors: 6, floorNano: 2, noiseNano: 10 });
  t.is(result.toleranceNano, 60);
  t.is(result.agreeing, 1);
});

for (const { domainId, toleranceFloorNano: floorNano, noiseNano } of [digitsSpec, quadraticSpec(10)]) {
  test(`in 10,000 quorums of honest voters on ${domainId} nobody is found divergent and nothing is rejected by chance`, (t) => {
    const random = Random.fromSeed(new Uint8Array(32), 'honest quorums');
    const { toleranceStandardErrors: standardErrors } = DEFAULT_PARAMETERS;
    for (let round = 0; round < 10_000; round += 1) {
      // The noise of this optimum: from the least that can be told apart to the largest of the domain.
      const deviation = noiseNano * (0.01 + 0.99 * random.uniform());
      const size = quorumSize(1 + random.below(200));
      const list = Array.from({ length: size }, () => ({
        performanceNano: Math.round(random.gaussian() * deviation),
        // An estimate itself: off by up to a tenth.
        standardErrorNano: Math.round(deviation * (0.9 + 0.2 * random.uniform())),
      }));
      const { agreeing } = tally(list, { standardErrors, floorNano, noiseNano });
      if (agreeing < size) return t.fail(`quorum ${round} of ${size}: ${agreeing} agree`);
    }
    t.pass();
  });
}

test('two thirds agree in integers', (t) => {
  for (const [agreeing, seats, expected] of [
    [2, 3, true],
    [1, 3, false],
    [3, 4, true],
    [2, 4, false],
    [3, 5, false],
    [4, 5, true],
    [4, 6, true],
    [10, 15, true],
    [9, 15, false],
    [1, 1, true],
    [1, 2, false],
  ] as const) {
    t.is(quorumAgrees(agreeing, seats), expected, `${agreeing} of ${seats}`);
  }
});

const INCENTIVE = {
  toleranceNano: 100_000_000,
  floorNano: 300_000_000,
  bonusThresholdNano: 50_000_000,
  capNano: 1_200_000_000,
};

/** From the definition: relative gap in percent of the claim to the fraction of the reward. */
const FRACTIONS = [
  [-50, 1.2],
  [-5, 1.2],
  [-4, 1.16],
  [-2.5, 1.1],
  [-1, 1.04],
  [0, 1],
  [1, 0.93],
  [2.5, 0.825],
  [5, 0.65],
  [7.5, 0.475],
  [10, 0.3],
  [10.000001, 0],
  [11, 0],
  [200, 0],
] as const;

for (const [gap, fraction] of FRACTIONS) {
  test(`a result ${gap} % short of the claim is worth ${fraction}, in every direction and sign`, (t) => {
    const claim = 640 * NANO;
    const difference = Math.round(gap * 6_400_000_000);
    const expected = BigInt(Math.round(fraction * NANO));
    t.is(incentiveFractionNano(claim, claim - difference, 'maximize', INCENTIVE, 0), expected);
    t.is(incentiveFractionNano(-claim, -claim - difference, 'maximize', INCENTIVE, 0), expected);
    t.is(incentiveFractionNano(claim, claim + difference, 'minimize', INCENTIVE, 0), expected);
    t.is(incentiveFractionNano(-claim, -claim + difference, 'minimize', INCENTIVE, 0), expected);
  });
}

test('a claim is refuted by what is off by more than a tenth of it and by more than votes may differ, and only so', (t) => {
  const small = fc.integer({ min: -3_000_000_000, max: 3_000_000_000 });
  fc.assert(
    fc.property(fc.oneof(small, fc.constantFrom(-1, 0, 1)), small, fc.nat(200_000_000), (claim, shortfall, votes) => {
      const fraction = incentiveFractionNano(claim, claim - shortfall, 'maximize', INCENTIVE, votes);
      t.is(incentiveFractionNano(claim, claim + shortfall, 'minimize', INCENTIVE, votes), fraction);
      const allowed = Math.max(Math.abs(claim) / 10, votes);
      if (shortfall <= allowed - 1) t.true(fraction >= 300_000_000n, `${claim} ${shortfall} ${votes}`);
      if (shortfall >= allowed + 1) t.is(fraction, 0n, `${claim} ${shortfall} ${votes}`);
      t.true(fraction <= 1_200_000_000n);
    }),
    { numRuns: 2_000, seed: 6 },
  );
});

test('next to zero a claim counts as its neighbours do, on both sides', (t) => {
  const votes = 100_000_000;
  for (const claim of [-2, -1, 0, 1, 2]) {
    t.is(incentiveFractionNano(claim, claim, 'maximize', INCENTIVE, votes), 1_000_000_000n);
    t.is(incentiveFractionNano(claim, claim - 50_000_000, 'maximize', INCENTIVE, votes), 650_000_000n);
    t.is(incentiveFractionNano(claim, claim - 100_000_000, 'maximize', INCENTIVE, votes), 300_000_000n);
    t.is(incentiveFractionNano(claim, claim - 100_000_002, 'maximize', INCENTIVE, votes), 0n);
    t.is(incentiveFractionNano(claim, claim + 50_000_000, 'maximize', INCENTIVE, votes), 1_200_000_000n);
    t.is(incentiveFractionNano(claim, claim - 1, 'maximize', INCENTIVE, 0), 0n, 'where votes may not differ at all');
  }
});

test('a better result never earns less, and every fraction is between 0 and the cap', (t) => {
  fc.assert(
    fc.property(safe, safe, safe, (claim, a, b) => {
      const [worse, better] = a < b ? ([a, b] as const) : ([b, a] as const);
      const low = incentiveFractionNano(claim, worse, 'maximize', INCENTIVE, 0);
      const high = incentiveFractionNano(claim, better, 'maximize', INCENTIVE, 0);
      t.true(low <= high && low >= 0n && high <= 1_200_000_000n);
      t.is(incentiveFractionNano(-claim + 0, -worse + 0, 'minimize', INCENTIVE, 0), low);
    }),
    { numRuns: 500, seed: 3 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e15 }), fc.nat(1_500), (claim, perMille) => {
      const value = claim - Math.trunc(claim / 10_000) * perMille;
      const fraction = incentiveFractionNano(claim, value, 'maximize', INCENTIVE, 0);
      t.true(fraction === 0n || fraction >= 300_000_000n, 'never between 0 and the floor');
    }),
    { numRuns: 500, seed: 4 },
  );
});

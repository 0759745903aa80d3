import test from 'ava';
import { createStrategy } from '../../../../actors/optimizer/strategies/create.js';
import { STRATEGY_NAMES, type StrategyName } from '../../../../actors/optimizer/strategies/names.js';
import { digitsSpec } from '../../../../gpu-workers/domains/digits/spec.js';
import { quadraticSpec } from '../../../../gpu-workers/domains/quadratic/spec.js';
import { Random } from '../../../../gpu-workers/random.js';
import { decodeGenome, type Genome, NANO, type Space } from '../../../../runtime/genome/space.js';
import { complies } from './compliance.js';

for (const name of STRATEGY_NAMES) complies(name);

const { space } = quadraticSpec(10);
/** A bowl whose bottom is at 3 in every coordinate; the middle of the space scores -90. */
const bowl = (genome: Genome) => -genome.reduce((sum, value) => sum + (value / NANO - 3) ** 2, 0);

/** The best score after `evaluations`, with `parallel` candidates out at a time. */
function search(name: StrategyName, seed: number, evaluations: number, parallel: number): number {
  const strategy = createStrategy(name, { space, direction: 'maximize', seed: new Uint8Array(32).fill(seed) });
  const out = Array.from({ length: parallel }, () => strategy.ask());
  for (let told = 0; told < evaluations; told += 1) {
    const candidate = out.shift()!;
    strategy.tell(candidate.id, bowl(candidate.genome));
    out.push(strategy.ask());
  }
  return strategy.best()!.performance;
}

for (const parallel of [1, 4]) {
  test(`ga comes within 2 of the bottom of a bowl in 500 evaluations with ${parallel} out at a time, from any seed`, (t) => {
    for (let seed = 0; seed < 10; seed += 1) {
      const best = search('ga', seed, 500, parallel);
      t.true(best > -2, `seed ${seed}: ${best}`);
    }
  });
}

test('random search is far from it after as many: the bound above measures the method, not the problem', (t) => {
  for (let seed = 0; seed < 10; seed += 1) t.true(search('random', seed, 500, 1) < -20);
});

test('ga asks for the middle of the space first, half way in the logarithm', (t) => {
  const strategy = createStrategy('ga', { space: digitsSpec.space, direction: 'maximize', seed: new Uint8Array(32) });
  const values = decodeGenome(digitsSpec.space, strategy.ask().genome);
  t.deepEqual(values, {
    learning_rate: 0.009486833,
    hidden_layers: 2,
    hidden_units_1: 32,
    hidden_units_2: 32,
    batch_size: '32',
    epochs: 21,
    weight_decay: 0.000316228,
    augmentation: 1,
  });
});

test('a champion from the network raises children that are marked as such and search around it', (t) => {
  const strategy = createStrategy('ga', { space, direction: 'maximize', seed: new Uint8Array(32), populationSize: 4 });
  for (let round = 0; round < 4; round += 1) strategy.tell(strategy.ask().id, -1000 - round);
  const champion = space.map(() => 3 * NANO);
  strategy.inject(champion, 0);
  const children = Array.from({ length: 30 }, () => strategy.ask());
  const raised = children.filter(({ migrant }) => migrant);
  t.true(raised.length > 10, `${raised.length}`);
  t.true(raised.some(({ genome }) => bowl(genome) > -10));
  t.false(children.some(({ genome }) => String(genome) === String(champion)));
});

/** A bowl, by its curvatures ten thousand times longer than wide, turned against the axes. */
const valley = (genome: Genome) =>
  -genome.reduce((sum, value, index) => {
    const before = index === 0 ? 1 : genome[index - 1]! / NANO;
    return sum + 10 ** ((4 * index) / (genome.length - 1)) * (value / NANO - before) ** 2;
  }, 0);

for (const parallel of [1, 25]) {
  test(`cma-es reaches the bottom of a long turned valley with ${parallel} out at a time`, (t) => {
    const strategy = createStrategy('cma-es', { space, direction: 'maximize', seed: new Uint8Array(32).fill(5) });
    const out = Array.from({ length: parallel }, () => strategy.ask());
    for (let told = 0; told < 9000 && (strategy.best()?.performance ?? -1) < -1e-6; told += 1) {
      const candidate = out.shift()!;
      strategy.tell(candidate.id, told % 7 === 0 ? null : valley(candidate.genome));
      out.push(strategy.ask());
    }
    t.true(strategy.best()!.performance >= -1e-6, `${strategy.best()!.performance}`);
  });
}

test('cma-es starts again elsewhere once it has converged', (t) => {
  const strategy = createStrategy('cma-es', { space, direction: 'maximize', seed: new Uint8Array(32) });
  let farAfterConvergence = 0;
  for (let told = 0; told < 4000; told += 1) {
    const candidate = strategy.ask();
    strategy.tell(candidate.id, bowl(candidate.genome));
    const converged = strategy.best()!.performance > -1e-14;
    if (converged && bowl(candidate.genome) < -10) farAfterConvergence += 1;
  }
  t.true(strategy.best()!.performance > -1e-14, `${strategy.best()!.performance}`);
  t.true(farAfterConvergence > 100, `${farAfterConvergence}`);
  t.true(strategy.statistics().populationSize > 10);
});

test('cma-es leaves a parameter of two values only when it must', (t) => {
  const mixed: Space = [
    { name: 'x', kind: 'float', low: 0, high: 10 * NANO },
    { name: 'y', kind: 'float', low: 0, high: 10 * NANO },
    { name: 'flag', kind: 'categorical', choices: ['bad', 'good'] },
    { name: 'count', kind: 'int', low: 0, high: 20 },
  ];
  const value = ([x = 0, y = 0, flag = 0, count = 0]: Genome) =>
    (x / NANO - 9) ** 2 + (y / NANO - 2) ** 2 + (1 - flag) + (count - 17) ** 2;
  for (let seed = 0; seed < 10; seed += 1) {
    const options = { space: mixed, direction: 'minimize', seed: new Uint8Array(32).fill(seed) } as const;
    const strategy = createStrategy('cma-es', options);
    for (let told = 0; told < 1500; told += 1) {
      const candidate = strategy.ask();
      strategy.tell(candidate.id, value(candidate.genome));
    }
    const { genome, performance } = strategy.best()!;
    t.deepEqual(genome.slice(2), [1, 17], `seed ${seed}`);
    t.true(performance < 1e-6, `seed ${seed}: ${performance}`);
  }
});

/** Many hollows, the deepest at 3 in each coordinate; `turn` mixes neighbours, so that no coordinate is independent. */
const eggBox =
  (turn: number) =>
  (genome: Genome): number =>
    genome.reduce((sum, value, index) => {
      const z = value / NANO - 3 + turn * (genome[(index + 1) % genome.length]! / NANO - 3);
      return sum + z * z + 10 * (1 - Math.cos(2 * Math.PI * z));
    }, 0);

for (const parallel of [1, 4]) {
  test(`auto searches independent coordinates one by one, with ${parallel} out at a time`, (t) => {
    const evaluations = (value: (genome: Genome) => number) => {
      const strategy = createStrategy('auto', { space, direction: 'minimize', seed: new Uint8Array(32).fill(2) });
      const out = Array.from({ length: parallel }, () => strategy.ask());
      for (let told = 1; told <= 3000; told += 1) {
        const candidate = out.shift()!;
        strategy.tell(candidate.id, value(candidate.genome));
        if (strategy.best()!.performance < 1e-8) return told;
        out.push(strategy.ask());
      }
      return Number.POSITIVE_INFINITY;
    };
    t.true(evaluations(eggBox(0)) < 1000 * parallel);
    t.is(evaluations(eggBox(0.3)), Number.POSITIVE_INFINITY);
  });
}

test('auto begins in the middle of the space and ends a noisy objective near its bottom', (t) => {
  const strategy = createStrategy('auto', { space, direction: 'maximize', seed: new Uint8Array(32).fill(4) });
  const first = strategy.ask();
  t.true(first.genome.every((value) => Math.abs(value) <= 1));
  strategy.tell(first.id, bowl(first.genome));
  const noise = Random.fromSeed(new Uint8Array(32), 'noise');
  let last = -90;
  for (let told = 0; told < 1500; told += 1) {
    const candidate = strategy.ask();
    last = 0.95 * last + 0.05 * bowl(candidate.genome);
    strategy.tell(candidate.id, bowl(candidate.genome) + noise.gaussian());
  }
  t.true(last > -10, `${last}`);
});

test('l-shade finds the best of the many hollows of an egg box, its population shrinking', (t) => {
  const strategy = createStrategy('l-shade', { space, direction: 'minimize', seed: new Uint8Array(32).fill(1) });
  const sizes: number[] = [];
  for (let told = 0; told < 9900; told += 1) {
    const candidate = strategy.ask();
    strategy.tell(candidate.id, eggBox(0)(candidate.genome));
    if (told % 2000 === 0) sizes.push(strategy.statistics().populationSize);
  }
  t.true(strategy.best()!.performance < 0.1, `${strategy.best()!.performance}`);
  t.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
  );
  t.true(sizes.at(-1)! < sizes[0]! / 2);
});

test('tpe finds choices, integers and learning rates together in few evaluations, more than one out at a time', (t) => {
  const mixed: Space = [
    { name: 'rate', kind: 'float', low: 1_000, high: NANO, log: true },
    { name: 'units', kind: 'int', low: 1, high: 64 },
    { name: 'kind', kind: 'categorical', choices: ['a', 'b', 'c', 'd'] },
    { name: 'dropout', kind: 'float', low: 0, high: NANO },
  ];
  const value = ([rate = 0, units = 0, kind = 0, dropout = 0]: Genome) =>
    (Math.log10(rate / NANO) + 3) ** 2 + ((units - 48) / 16) ** 2 + (kind === 2 ? 0 : 2) + (4 * dropout) / NANO;
  const bestOf = (name: StrategyName, seed: number) => {
    const options = { space: mixed, direction: 'minimize', seed: new Uint8Array(32).fill(seed) } as const;
    const strategy = createStrategy(name, options);
    const out = [strategy.ask(), strategy.ask(), strategy.ask()];
    for (let told = 0; told < 120; told += 1) {
      const candidate = out.shift()!;
      strategy.tell(candidate.id, value(candidate.genome));
      out.push(strategy.ask());
    }
    return strategy.best()!.performance;
  };
  const wins = Array.from({ length: 9 }, (_, seed) => bestOf('tpe', seed) < 0.5 * bestOf('random', seed));
  t.true(wins.filter(Boolean).length >= 7, `${wins}`);
});

test('gp comes nearer to the bottom of a bowl in 40 evaluations than tpe and random search in 80, three out at a time', (t) => {
  for (let seed = 0; seed < 5; seed += 1) {
    const best = search('gp', seed, 40, 3);
    for (const other of ['tpe', 'random'] as const) {
      const theirs = search(other, seed, 80, 3);
      t.true(best > theirs / 2, `seed ${seed}: ${best}, ${other} ${theirs}`);
    }
  }
});

test('gp leaves a region where candidates fail, and holds a choice that pays', (t) => {
  const mixed: Space = [
    { name: 'x', kind: 'float', low: 0, high: NANO },
    { name: 'kind', kind: 'categorical', choices: ['a', 'b', 'c', 'd'] },
    { name: 'count', kind: 'int', low: 0, high: 12 },
  ];
  const value = ([x = 0, kind = 0, count = 0]: Genome) =>
    x > 0.6 * NANO ? null : (x / NANO - 0.55) ** 2 + (kind === 2 ? 0 : 0.5) + ((count - 9) / 12) ** 2;
  for (let seed = 0; seed < 5; seed += 1) {
    const options = { space: mixed, direction: 'minimize', seed: new Uint8Array(32).fill(seed) } as const;
    const strategy = createStrategy('gp', options);
    let failures = 0;
    for (let told = 0; told < 40; told += 1) {
      const candidate = strategy.ask();
      const result = value(candidate.genome);
      if (result === null && told >= 20) failures += 1;
      strategy.tell(candidate.id, result);
    }
    t.deepEqual(strategy.best()!.genome.slice(1), [2, 9], `seed ${seed}`);
    t.true(strategy.best()!.performance < 0.02, `seed ${seed}: ${strategy.best()!.performance}`);
    t.true(failures < 10, `seed ${seed}: ${failures} failures`);
  }
});

test('hill-climb steps from the best only', (t) => {
  const strategy = createStrategy('hill-climb', { space, direction: 'maximize', seed: new Uint8Array(32) });
  for (let told = 0; told < 2000; told += 1) {
    const candidate = strategy.ask();
    strategy.tell(candidate.id, bowl(candidate.genome));
  }
  t.true(strategy.best()!.performance > -0.5, `${strategy.best()!.performance}`);
  const { genome } = strategy.ask();
  t.true(genome.filter((value, axis) => value === strategy.best()!.genome[axis]).length >= 2);
});

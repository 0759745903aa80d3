import test from 'ava';
import { createStrategy, STRATEGY_NAMES, type StrategyName } from '../../../../actors/optimizer/strategies/create.js';
import { digitsSpec } from '../../../../gpu-workers/domains/digits/spec.js';
import { quadraticSpec } from '../../../../gpu-workers/domains/quadratic/spec.js';
import { decodeGenome, type Genome, NANO } from '../../../../runtime/genome/space.js';
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

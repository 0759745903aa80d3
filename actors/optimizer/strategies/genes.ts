/**
 * Genes as positions between 0 and 1, so that one step size fits all parameters: linear between the bounds, or in the
 * logarithm where the space says so. Sampling and mutation work there and come back as the genome's integers.
 */

import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import type { Random } from '../../../gpu-workers/random.js';
import { type Genome, integerRange, type ParameterSpec, type Space } from '../../../runtime/genome/space.js';

/** Deviation of a mutation, as a share of the parameter's range (upstream's GA uses the same 10 %). */
const MUTATION_DEVIATION = 0.1;
/** Steps are also tried at a quarter and a sixteenth of it: coarse steps alone cannot close in on an optimum. */
const MUTATION_SCALES = [1, 0.25, 0.0625] as const;

/** The middle of every parameter: half way in the logarithm for log parameters, the lower middle choice. */
export function middleGenome(space: Space): Genome {
  return space.map((parameter) =>
    parameter.kind === 'categorical' ? Math.floor((parameter.choices.length - 1) / 2) : fromPosition(parameter, 0.5),
  );
}

export function randomGenome(space: Space, random: Random): Genome {
  return space.map((parameter) => randomGene(parameter, random));
}

/** Moves each gene with probability `rate`, and at least one. */
export function mutate(space: Space, genome: Genome, rate: number, random: Random): Genome {
  const forced = random.below(space.length);
  const scale = MUTATION_SCALES[random.below(MUTATION_SCALES.length)] as number;
  return space.map((parameter, index) => {
    const value = genome[index] as number;
    const moves = random.uniform() < rate || index === forced;
    if (!moves) return value;
    if (parameter.kind === 'categorical') return randomGene(parameter, random);
    const step = random.gaussian() * MUTATION_DEVIATION * scale;
    return fromPosition(parameter, position(parameter, value) + step);
  });
}

/** Each gene from either parent. */
export function uniformCrossover(first: Genome, second: Genome, random: Random): Genome {
  return first.map((value, index) => (random.below(2) === 0 ? value : (second[index] as number)));
}

/** A stretch of the second parent inside the first; keeps neighbouring parameters together. */
export function twoPointCrossover(first: Genome, second: Genome, random: Random): Genome {
  const cuts = [random.below(first.length + 1), random.below(first.length + 1)];
  const [from, to] = [Math.min(...cuts), Math.max(...cuts)];
  return first.map((value, index) => (index >= from && index < to ? (second[index] as number) : value));
}

function randomGene(parameter: ParameterSpec, random: Random): number {
  const [low, high] = integerRange(parameter);
  if (parameter.kind !== 'categorical' && parameter.log) return fromPosition(parameter, random.uniform());
  // Ranges in nano units pass 2^32, so a bounded integer draw would not do.
  return Math.min(high, low + Math.floor(random.uniform() * (high - low + 1)));
}

type NumberSpec = Exclude<ParameterSpec, { readonly kind: 'categorical' }>;

function position(parameter: NumberSpec, value: number): number {
  const { low, high } = parameter;
  if (high === low) return 0;
  return parameter.log ? ln(value / low) / ln(high / low) : (value - low) / (high - low);
}

function fromPosition(parameter: NumberSpec, at: number): number {
  const { low, high } = parameter;
  if (parameter.log && low <= 0) throw new RangeError(`${parameter.name}: a log parameter needs low > 0, not ${low}`);
  const value = parameter.log ? low * exp(at * ln(high / low)) : low + at * (high - low);
  return Math.min(high, Math.max(low, Math.round(value)));
}

/**
 * Performance is minus the squared distance to a target. The genome is the solution, so there is nothing to train and
 * weights are empty. As upstream does, every evaluator measures against the target plus its own noise, N(0, 0.1) in
 * each coordinate, so that votes differ the way votes on trained models do.
 */
import type { GenomeValues } from '../../../runtime/genome/space.js';
import { requireNoInput } from '../../checks.js';
import { taskFailure } from '../../failures.js';
import { Random } from '../../random.js';
import type { Domain, DomainSpec, Evaluation } from '../../types.js';

const NOISE_DEVIATION = 0.1;
const TARGET_BOUND = 5;

/** The target is a constant of the domain: coordinate i is the same for every node, and in every dimension above i. */
export function quadraticTarget(dimensions: number): Float64Array {
  const random = Random.fromSeed(new Uint8Array(32), 'quadratic/target');
  return Float64Array.from({ length: dimensions }, () => (random.uniform() * 2 - 1) * TARGET_BOUND);
}

export function createDomain(spec: DomainSpec): Domain {
  const target = quadraticTarget(spec.space.length);
  const point = (genome: GenomeValues) => spec.space.map(({ name }) => Number(genome[name]));
  return {
    spec,
    async prepare() {},
    async train() {
      return { weights: new Uint8Array(0), epochs: 0 };
    },
    async evaluate(genome, weights, dataSeed) {
      expectNoWeights(weights);
      const random = Random.fromSeed(dataSeed, 'quadratic/evaluation');
      return measure(
        point(genome),
        target,
        target.map((value) => value + random.gaussian() * NOISE_DEVIATION),
      );
    },
    /** Against the target itself, without noise. */
    async benchmark(genome, weights) {
      expectNoWeights(weights);
      const { performance, samples } = measure(point(genome), target, target);
      return { performance, standardError: 0, samples };
    },
    exampleInput: null,
    async predict(genome, weights, input) {
      expectNoWeights(weights);
      requireNoInput(input, spec.domainId);
      return { point: point(genome) };
    },
  };
}

/**
 * The noise e turns (x - t)^2 into (d - e)^2 with d = x - t, whose variance is 4 d^2 s^2 + 2 s^4 for e ~ N(0, s^2).
 */
function measure(point: readonly number[], target: Float64Array, shown: Float64Array): Evaluation {
  const noise = NOISE_DEVIATION * NOISE_DEVIATION;
  let performance = 0;
  let variance = 0;
  const outputs = new Float64Array(point.length);
  for (const [index, value] of point.entries()) {
    const toShown = value - (shown[index] as number);
    const toTarget = value - (target[index] as number);
    outputs[index] = toShown * toShown;
    performance -= toShown * toShown;
    variance += 4 * toTarget * toTarget * noise + 2 * noise * noise;
  }
  return { performance, standardError: Math.sqrt(variance), samples: 1, data: [shown], outputs: [outputs] };
}

function expectNoWeights(weights: Uint8Array): void {
  if (weights.length > 0) throw taskFailure('bad-weights', `weights are ${weights.length} bytes; quadratic has none`);
}

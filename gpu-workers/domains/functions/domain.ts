/**
 * Classic test functions as domains, for comparing optimizers over a network. The genome is the solution, there is
 * nothing to train, and every evaluator finds the same value: no noise, no data of its own, hence `synthetic: false`.
 */
import type { GenomeValues } from '../../../runtime/genome/space.js';
import { requireNoInput } from '../../checks.js';
import { taskFailure } from '../../failures.js';
import type { Domain, DomainSpec, Evaluation } from '../../types.js';
import { createLandscape, logError } from './landscape.js';
import { parseFunctionId } from './spec.js';

export function createDomain(spec: DomainSpec): Domain {
  const choice = parseFunctionId(spec.domainId);
  if (choice === null || choice.dimensions !== spec.space.length) {
    const text = `${spec.domainId} with ${spec.space.length} parameters is no test function of as many dimensions`;
    throw taskFailure('unknown-domain', text);
  }
  const landscape = createLandscape(choice.name, choice.dimensions, choice.rotated);
  const pointOf = (genome: GenomeValues) => Float64Array.from(spec.space, ({ name }) => Number(genome[name]));
  const measure = (genome: GenomeValues, weights: Uint8Array): Evaluation => {
    if (weights.length > 0) {
      throw taskFailure('bad-weights', `weights are ${weights.length} bytes; ${spec.domainId} has none`);
    }
    const error = landscape.error(pointOf(genome));
    const outputs = [Float64Array.of(error)];
    return { performance: logError(error), standardError: 0, samples: 1, data: [landscape.optimum], outputs };
  };
  return {
    spec,
    async prepare() {},
    async train() {
      return { weights: new Uint8Array(0), epochs: 0 };
    },
    async evaluate(genome, weights) {
      return measure(genome, weights);
    },
    exampleInput: null,
    async predict(genome, weights, input) {
      requireNoInput(input, spec.domainId);
      measure(genome, weights);
      return { point: [...pointOf(genome)], error: landscape.error(pointOf(genome)) };
    },
  };
}

/** The built-in domains, as new networks get them. Spec files only: nothing here loads a training backend. */
import { digitsSpec } from '../../gpu-workers/domains/digits/spec.js';
import { functionSpec } from '../../gpu-workers/domains/functions/spec.js';
import { quadraticSpec } from '../../gpu-workers/domains/quadratic/spec.js';
import { timeseriesSpec } from '../../gpu-workers/domains/timeseries/spec.js';
import type { DomainSpec } from '../../gpu-workers/types.js';

const QUADRATIC_DIMENSIONS = 10;

/** What every new network starts with. */
export const builtInDomains: readonly DomainSpec[] = [digitsSpec, quadraticSpec(QUADRATIC_DIMENSIONS)];

/** Any domain that comes with the program, also those that a network has only when somebody asks for them by name. */
export function builtInDomain(domainId: string): DomainSpec | null {
  return (
    builtInDomains.find((spec) => spec.domainId === domainId) ?? timeseriesSpec(domainId) ?? functionSpec(domainId)
  );
}

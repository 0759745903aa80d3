/** The built-in domains, as every new network gets them. Spec files only: nothing here loads a training backend. */
import { digitsSpec } from '../../gpu-workers/domains/digits/spec.js';
import { quadraticSpec } from '../../gpu-workers/domains/quadratic/spec.js';
import type { DomainSpec } from '../../gpu-workers/types.js';

const QUADRATIC_DIMENSIONS = 10;

export const builtInDomains: readonly DomainSpec[] = [digitsSpec, quadraticSpec(QUADRATIC_DIMENSIONS)];

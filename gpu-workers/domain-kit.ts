/** What a domain of the user's own is handed, so that its module needs no import: tools with the same bits everywhere. */
import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import sincos from '@stdlib/math-base-special-sincos';
import { taskFailure } from './failures.js';
import { Random } from './random.js';

export interface DomainKit {
  readonly Random: typeof Random;
  readonly taskFailure: typeof taskFailure;
  readonly math: {
    exp(x: number): number;
    ln(x: number): number;
    /** Sine and cosine. */
    sincos(x: number): ArrayLike<number>;
  };
}

export const domainKit: DomainKit = { Random, taskFailure, math: { exp, ln, sincos: (x) => sincos(x) } };

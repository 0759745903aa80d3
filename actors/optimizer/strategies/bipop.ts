/**
 * CMA-ES started again and again with two kinds of populations (Hansen 2009, "Benchmarking a BI-population CMA-ES on the
 * BBOB-2009 function testbed"): ever larger ones, which see the landscape's coarse shape, and small ones with small
 * steps, which look closely somewhere; whichever has used fewer evaluations goes next.
 */
import exp from '@stdlib/math-base-special-exp';
import * as z from 'zod';
import { CmaRun, savedRun } from './cma-run.js';
import { defaultLambda } from './cma-weights.js';
import type { Method, MethodTools, Trial } from './method.js';

/** Deviation of a first distribution, in lengths of the cube. */
const SIGMA = 0.25;
/** Populations beyond a thousand times the default would need more evaluations than any node makes. */
const MAX_DOUBLINGS = 10;

const savedBipop = (n: number) =>
  z.object({
    run: savedRun(n),
    runs: z.int().min(0),
    largeRuns: z.int().min(0).max(16),
    isLarge: z.boolean(),
    largeUsed: z.int().min(0),
    smallUsed: z.int().min(0),
  });

export class Bipop implements Method {
  readonly #tools: MethodTools;
  #run: CmaRun;
  #runs = 0;
  /** Times the large population was doubled. */
  #largeRuns = 0;
  #isLarge = true;
  #largeUsed = 0;
  #smallUsed = 0;

  constructor(tools: MethodTools, saved?: unknown) {
    const { cube } = tools;
    this.#tools = tools;
    if (saved === undefined) {
      const mean = new Float64Array(cube.dimensions).fill(0.5);
      this.#run = new CmaRun(cube, { mean, sigma: SIGMA, lambda: defaultLambda(cube.dimensions) });
      return;
    }
    const state = savedBipop(cube.dimensions).parse(saved);
    this.#run = new CmaRun(cube, state.run);
    this.#runs = state.runs;
    this.#largeRuns = state.largeRuns;
    this.#isLarge = state.isLarge;
    this.#largeUsed = state.largeUsed;
    this.#smallUsed = state.smallUsed;
  }

  get size(): number {
    return this.#run.lambda;
  }

  propose(): Trial {
    if (this.#run.stopped) this.#restart();
    const point = new Float64Array(this.#tools.cube.dimensions);
    const own = this.#run.sample(this.#tools.random, point);
    return { point, notes: [this.#runs, own ? this.#run.generation : -1] };
  }

  learn({ point, notes: [run, generation] }: Trial, score: number): void {
    if (run === this.#runs) this.#run.learn(point, score, generation === this.#run.generation);
  }

  adopt(point: Float64Array, score: number): void {
    this.#run.recentre(point);
    this.#run.learn(point, score, false);
  }

  drop(): void {}

  toJSON(): z.input<ReturnType<typeof savedBipop>> {
    return {
      run: this.#run.state(),
      runs: this.#runs,
      largeRuns: this.#largeRuns,
      isLarge: this.#isLarge,
      largeUsed: this.#largeUsed,
      smallUsed: this.#smallUsed,
    };
  }

  #restart(): void {
    const { cube, random } = this.#tools;
    // The first run counts for neither side.
    if (this.#runs > 0 && this.#isLarge) this.#largeUsed += this.#run.learned;
    if (this.#runs > 0 && !this.#isLarge) this.#smallUsed += this.#run.learned;
    this.#runs += 1;
    this.#isLarge = this.#runs === 1 || this.#smallUsed >= this.#largeUsed;
    if (this.#isLarge && this.#largeRuns < MAX_DOUBLINGS) this.#largeRuns += 1;
    const small = defaultLambda(cube.dimensions);
    const doubled = 1 << this.#largeRuns;
    const [u, v] = [random.uniform(), random.uniform()];
    const lambda = this.#isLarge ? small * doubled : Math.floor(small * exp(u * u * (this.#largeRuns - 1) * Math.LN2));
    const sigma = this.#isLarge ? SIGMA : SIGMA * exp(-2 * v * Math.LN10);
    this.#run = new CmaRun(cube, { mean: Float64Array.from(cube.resolution, () => random.uniform()), sigma, lambda });
  }
}

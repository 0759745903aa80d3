/**
 * CMA-ES started again and again with two kinds of populations (Hansen 2009, "Benchmarking a BI-population CMA-ES on the
 * BBOB-2009 function testbed"): ever larger ones, which see the landscape's coarse shape, and small ones with small
 * steps, which look closely somewhere; whichever has used fewer evaluations goes next.
 */
import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import * as z from 'zod';
import { CmaRun, savedRun } from './cma-run.js';
import { defaultLambda } from './cma-weights.js';
import type { Method, MethodTools, Trial } from './method.js';

/** The same of each large one after it. */
const SIGMA = 0.25;
/** Populations beyond a thousand times the default would need more evaluations than any node makes. */
const MAX_LARGE = 1024;

const savedBipop = (n: number) =>
  z.object({
    run: savedRun(n),
    runs: z.int().min(0),
    large: z.int().min(1).max(MAX_LARGE),
    isLarge: z.boolean(),
    largeUsed: z.int().min(0),
    smallUsed: z.int().min(0),
  });

export interface BipopOptions {
  /** Of the large population from one run of it to the next; Hansen's is 2. */
  readonly growth: number;
  /** Deviation of the first run's distribution, in lengths of the cube. */
  readonly sigma: number;
}

export class Bipop implements Method {
  readonly #tools: MethodTools;
  readonly #growth: number;
  #run: CmaRun;
  #runs = 0;
  /** The large population, in default ones. */
  #large = 1;
  #isLarge = true;
  #largeUsed = 0;
  #smallUsed = 0;

  constructor(tools: MethodTools, options: BipopOptions, saved?: unknown) {
    const { cube } = tools;
    this.#tools = tools;
    this.#growth = options.growth;
    if (saved === undefined) {
      const mean = new Float64Array(cube.dimensions).fill(0.5);
      this.#run = new CmaRun(cube, { mean, sigma: options.sigma, lambda: defaultLambda(cube.dimensions) });
      return;
    }
    const state = savedBipop(cube.dimensions).parse(saved);
    this.#run = new CmaRun(cube, state.run);
    this.#runs = state.runs;
    this.#large = state.large;
    this.#isLarge = state.isLarge;
    this.#largeUsed = state.largeUsed;
    this.#smallUsed = state.smallUsed;
  }

  get size(): number {
    return this.#run.lambda;
  }

  /** Moves a first distribution that is still only a guess to a known good point. */
  recentre(point: Float64Array): void {
    if (this.#runs === 0) this.#run.recentre(point);
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
    this.recentre(point);
    this.#run.learn(point, score, false);
  }

  drop(): void {}

  toJSON(): z.input<ReturnType<typeof savedBipop>> {
    return {
      run: this.#run.state(),
      runs: this.#runs,
      large: this.#large,
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
    if (this.#isLarge) this.#large = Math.min(MAX_LARGE, this.#large * this.#growth);
    const small = defaultLambda(cube.dimensions);
    const [u, v] = [random.uniform(), random.uniform()];
    const lambda = Math.floor(small * (this.#isLarge ? this.#large : exp(u * u * ln(this.#large / 2))));
    const sigma = this.#isLarge ? SIGMA : SIGMA * exp(-2 * v * Math.LN10);
    this.#run = new CmaRun(cube, { mean: Float64Array.from(cube.resolution, () => random.uniform()), sigma, lambda });
  }
}

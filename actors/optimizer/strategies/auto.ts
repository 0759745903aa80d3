/**
 * The default: picks methods and mixes them, from what the search shows of itself.
 *   1. The middle of the space and a few points spread over it.
 *   2. CMA-ES from the best of them. As soon as enough is known to make it worth two evaluations, it is tested whether
 *      coordinates are independent; where they are, each is searched by itself.
 *   3. From its first restart on, or at once where a space holds choices, L-SHADE takes a share. The method that found
 *      the latest best gets three of four evaluations.
 */
import * as z from 'zod';
import { AxisSweep, type Known } from './axis-sweep.js';
import { Bipop, type BipopOptions } from './bipop.js';
import { LShade } from './l-shade.js';
import { latinHypercube } from './latin-hypercube.js';
import type { Method, MethodTools, Trial } from './method.js';
import { packedFloats, packFloats } from './packed.js';

/** Evaluations a dimension before the test for independence, so that two of them hardly count. */
const SWEEP_AFTER = 4;
/** Evaluations a dimension before L-SHADE gets a share of a continuous space: CMA-ES was elsewhere twice by then. */
const EVOLUTION_AFTER = 1000;
/**
 * Large populations grow fast, because few restarts fit into what a node evaluates; the first run begins at the best of
 * a few points, so it need not see all of the cube.
 */
const CMA: BipopOptions = { growth: 4, sigma: 0.15 };
const WINNER_SHARE = 0.75;

const ARMS = ['start', 'cma', 'sweep', 'evolution'] as const;
type Arm = (typeof ARMS)[number];

const savedAuto = (n: number) =>
  z.object({
    asked: z.int().min(0),
    learned: z.int().min(0),
    start: z.array(packedFloats(n)),
    cma: z.unknown(),
    sweep: z.unknown(),
    evolution: z.unknown(),
    winner: z.enum(ARMS),
    known: z.array(z.object({ point: packedFloats(n), score: packedFloats(1) })).max(2),
  });

export class Auto implements Method {
  readonly #tools: MethodTools;
  #asked = 0;
  #learned = 0;
  readonly #start: Float64Array[];
  readonly #cma: Bipop;
  #sweep: AxisSweep | null = null;
  readonly #evolution: LShade;
  #winner: Arm = 'start';
  /** The best two results, best first. */
  #known: Known[] = [];

  constructor(tools: MethodTools, saved?: unknown) {
    this.#tools = tools;
    if (saved === undefined) {
      this.#start = spread(tools);
      this.#cma = new Bipop(tools, CMA);
      this.#evolution = new LShade(tools);
      return;
    }
    const state = savedAuto(tools.cube.dimensions).parse(saved);
    this.#asked = state.asked;
    this.#learned = state.learned;
    this.#start = state.start;
    this.#cma = new Bipop(tools, CMA, state.cma);
    this.#sweep = state.sweep === null ? null : new AxisSweep(tools, { saved: state.sweep });
    this.#evolution = new LShade(tools, state.evolution);
    this.#winner = state.winner;
    this.#known = state.known.map(({ point, score }) => ({ point, score: score[0] as number }));
  }

  get size(): number {
    return this.#cma.size;
  }

  propose(): Trial | null {
    const arm = this.#choose();
    const trial = this.#ask(arm) ?? this.#ask('cma');
    this.#asked += 1;
    return trial;
  }

  learn({ point, notes: [index = 0, ...notes] }: Trial, score: number): void {
    const arm = ARMS[index] ?? 'start';
    this.#learned += 1;
    this.#note(point, score, arm);
    const trial = { point, notes };
    switch (arm) {
      case 'start':
        if (score === this.#known[0]?.score) this.#cma.recentre(point);
        return;
      case 'cma':
        this.#cma.learn(trial, score);
        return;
      case 'sweep':
        this.#sweep?.learn(trial, score);
        return;
      case 'evolution':
        this.#evolution.learn(trial, score);
        return;
    }
  }

  adopt(point: Float64Array, score: number): void {
    this.#note(point, score, this.#winner);
    this.#cma.adopt(point, score);
    this.#evolution.adopt(point, score);
  }

  drop({ point, notes: [index = 0, ...notes] }: Trial): void {
    if (ARMS[index] === 'sweep') this.#sweep?.drop({ point, notes });
  }

  toJSON(): z.input<ReturnType<typeof savedAuto>> {
    return {
      asked: this.#asked,
      learned: this.#learned,
      start: this.#start.map(packFloats),
      cma: this.#cma.toJSON(),
      sweep: this.#sweep?.toJSON() ?? null,
      evolution: this.#evolution.toJSON(),
      winner: this.#winner,
      known: this.#known.map(({ point, score }) => ({
        point: packFloats(point),
        score: packFloats(Float64Array.of(score)),
      })),
    };
  }

  #choose(): Arm {
    if (this.#asked < this.#start.length) return 'start';
    const n = this.#tools.cube.dimensions;
    if (this.#sweep === null && this.#learned >= SWEEP_AFTER * n && n > 1) {
      const [best, second] = this.#known;
      if (best !== undefined && second !== undefined) {
        for (const { point } of [best, second]) this.#tools.cube.mirror(point);
        this.#sweep = new AxisSweep(this.#tools, [best, second]);
      }
    }
    if (this.#sweep?.done === false) return 'sweep';
    const mixed = this.#tools.cube.unordered.includes(1);
    if (!mixed && this.#learned < EVOLUTION_AFTER * n) return 'cma';
    const share = this.#winner === 'evolution' ? WINNER_SHARE : 1 - WINNER_SHARE;
    return this.#tools.random.uniform() < share ? 'evolution' : 'cma';
  }

  #ask(arm: Arm): Trial | null {
    const trial = this.#proposalOf(arm);
    return trial && { point: trial.point, notes: [ARMS.indexOf(arm), ...trial.notes] };
  }

  #proposalOf(arm: Arm): Trial | null {
    switch (arm) {
      case 'start':
        return { point: (this.#start[this.#asked] as Float64Array).slice(), notes: [] };
      case 'cma':
        return this.#cma.propose();
      case 'sweep':
        return this.#sweep?.propose() ?? null;
      case 'evolution':
        return this.#evolution.propose();
    }
  }

  #note(point: Float64Array, score: number, arm: Arm): void {
    const [best, second] = this.#known;
    const known = { point: point.slice(), score };
    if (best === undefined || score < best.score) {
      if (!Number.isFinite(score)) return;
      this.#winner = arm;
      this.#known = best === undefined ? [known] : [known, best];
    } else if (second === undefined || score < second.score) {
      if (Number.isFinite(score)) this.#known = [best, known];
    }
  }
}

/** The middle, and points spread over the cube. */
function spread({ cube, random, populationSize }: MethodTools): Float64Array[] {
  const middle = new Float64Array(cube.dimensions).fill(0.5);
  return [middle, ...latinHypercube(cube.dimensions, populationSize - 1, random)];
}

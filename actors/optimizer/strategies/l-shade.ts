/**
 * L-SHADE (Tanabe & Fukunaga 2014, "Improving the search performance of SHADE using linear population size reduction"):
 * differential evolution that remembers which step lengths and crossover rates succeeded, and whose population shrinks
 * over a budget. Nobody knows how long a node will search, so it assumes 1,000 evaluations a dimension, and after them
 * starts over with twice as many, keeping its best member. A result meets its parent whenever it comes, so any number
 * of trials may be out.
 */
import * as z from 'zod';
import type { Random } from '../../../gpu-workers/random.js';
import { latinHypercube } from './latin-hypercube.js';
import type { Method, MethodTools, Trial } from './method.js';
import { packedFloats, packFloats } from './packed.js';
import { SuccessMemory, savedMemory } from './success-memory.js';

const FIRST_BUDGET = 1000;
/** Each epoch has twice the budget of the one before, up to this many doublings. */
const MAX_DOUBLINGS = 20;
/** Members a dimension at first; members at the end. */
const MEMBERS = 8;
const MIN_MEMBERS = 4;
/** The paper's: members of the archive to each of the population, and the share of it that counts as its best. */
const ARCHIVE_RATE = 2.6;
const BEST_SHARE = 0.11;

interface Member {
  readonly id: number;
  readonly point: Float64Array;
  /** Infinity until it is measured. */
  readonly score: number;
}

const savedShade = (n: number) =>
  z.object({
    epoch: z.int().min(0),
    nextId: z.int().min(0),
    learned: z.int().min(0),
    cursor: z.int().min(0),
    founders: z.int().min(0),
    members: z.array(z.object({ id: z.int(), point: packedFloats(n), score: packedFloats(1) })),
    archive: z.array(packedFloats(n)),
    memory: savedMemory,
  });

export class LShade implements Method {
  readonly #tools: MethodTools;
  #epoch = 0;
  #nextId = 0;
  /** Results in this epoch. */
  #learned = 0;
  /** Member that the next trial is for. */
  #cursor = 0;
  /** Members proposed to be measured for the first time. */
  #founders = 0;
  /** Best first at the begin of each generation. */
  #members: Member[] = [];
  #archive: Float64Array[] = [];
  readonly #memory: SuccessMemory;

  constructor(tools: MethodTools, saved?: unknown) {
    this.#tools = tools;
    if (saved === undefined) {
      this.#memory = new SuccessMemory();
      this.#found(null);
      return;
    }
    const state = savedShade(tools.cube.dimensions).parse(saved);
    this.#epoch = state.epoch;
    this.#nextId = state.nextId;
    this.#learned = state.learned;
    this.#cursor = state.cursor;
    this.#founders = state.founders;
    this.#members = state.members.map(({ id, point, score }) => ({ id, point, score: score[0] as number }));
    this.#archive = state.archive;
    this.#memory = new SuccessMemory(state.memory);
  }

  get size(): number {
    return this.#members.length;
  }

  propose(): Trial {
    const founder = this.#members[this.#founders];
    if (founder !== undefined) {
      this.#founders += 1;
      return { point: founder.point.slice(), notes: [founder.id, 0, 0] };
    }
    this.#cursor %= this.#members.length;
    const target = this.#members[this.#cursor] as Member;
    this.#cursor += 1;
    const { random } = this.#tools;
    const { rate, factor } = this.#memory.draw(random);
    return { point: this.#mutant(target, rate, factor, random), notes: [target.id, rate, factor] };
  }

  learn(trial: Trial, score: number): void {
    const { point, notes } = trial;
    const [id = -1, rate = 0, factor = 0] = notes;
    this.#learned += 1;
    const place = this.#members.findIndex((member) => member.id === id);
    const member = this.#members[place];
    if (member !== undefined && score <= member.score) {
      this.#members[place] = { id, point, score };
      if (score < member.score && factor > 0) {
        this.#keepOld(member.point);
        // A first result has no parent to be compared with.
        if (member.score < Number.POSITIVE_INFINITY) this.#memory.note(rate, factor, member.score - score);
      }
    }
    if (this.#learned % this.#members.length === 0) this.#endGeneration();
  }

  /** Takes the place of the worst. */
  adopt(point: Float64Array, score: number): void {
    let worst = 0;
    for (const [place, member] of this.#members.entries()) {
      if (member.score > (this.#members[worst] as Member).score) worst = place;
    }
    if (score >= (this.#members[worst] as Member).score) return;
    this.#members[worst] = { id: this.#nextId, point, score };
    this.#nextId += 1;
  }

  drop(): void {}

  toJSON(): z.input<ReturnType<typeof savedShade>> {
    return {
      epoch: this.#epoch,
      nextId: this.#nextId,
      learned: this.#learned,
      cursor: this.#cursor,
      founders: this.#founders,
      members: this.#members.map(({ id, point, score }) => ({
        id,
        point: packFloats(point),
        score: packFloats(Float64Array.of(score)),
      })),
      archive: this.#archive.map(packFloats),
      memory: this.#memory.toJSON(),
    };
  }

  #found(best: Member | null): void {
    const { cube, random } = this.#tools;
    const count = MEMBERS * cube.dimensions + MIN_MEMBERS;
    const points = latinHypercube(cube.dimensions, count, random);
    this.#members = points.map((point) => ({ id: this.#newId(), point, score: Number.POSITIVE_INFINITY }));
    this.#founders = 0;
    if (best !== null) {
      this.#members[0] = best;
      this.#founders = 1;
    }
    this.#cursor = 0;
    this.#learned = 0;
    this.#archive = [];
  }

  #newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  get #budget(): number {
    return FIRST_BUDGET * this.#tools.cube.dimensions * (1 << Math.min(this.#epoch, MAX_DOUBLINGS));
  }

  /** current-to-pbest/1 with the archive, binomial crossover; half way back to the parent where a bound was crossed. */
  #mutant(target: Member, rate: number, factor: number, random: Random): Float64Array {
    const members = this.#members;
    const best = members[random.below(Math.max(2, Math.floor(BEST_SHARE * members.length)))] as Member;
    const first = members[random.below(members.length)] as Member;
    const other = random.below(members.length + this.#archive.length);
    const second = other < members.length ? (members[other] as Member).point : this.#archive[other - members.length];
    const parent = target.point;
    const point = parent.slice();
    const forced = random.below(point.length);
    for (let axis = 0; axis < point.length; axis += 1) {
      if (axis !== forced && random.uniform() >= rate) continue;
      const from = parent[axis] as number;
      const towards = (best.point[axis] as number) - from;
      const apart = (first.point[axis] as number) - ((second as Float64Array)[axis] as number);
      const value = from + factor * (towards + apart);
      point[axis] = value < 0 ? from / 2 : value > 1 ? (from + 1) / 2 : value;
    }
    return point;
  }

  #keepOld(point: Float64Array): void {
    const room = Math.round(ARCHIVE_RATE * this.#members.length);
    if (this.#archive.length < room) this.#archive.push(point);
    else this.#archive[this.#tools.random.below(this.#archive.length)] = point;
  }

  #endGeneration(): void {
    this.#memory.update();
    this.#members.sort((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : a.id - b.id));
    if (this.#learned >= this.#budget) {
      this.#epoch += 1;
      this.#found(this.#members[0] as Member);
      return;
    }
    if (this.#founders < this.#members.length) return;
    const first = MEMBERS * this.#tools.cube.dimensions + MIN_MEMBERS;
    const size = Math.round(first - ((first - MIN_MEMBERS) * this.#learned) / this.#budget);
    this.#members.length = Math.max(MIN_MEMBERS, Math.min(this.#members.length, size));
    this.#founders = this.#members.length;
    this.#archive.length = Math.min(this.#archive.length, Math.round(ARCHIVE_RATE * this.#members.length));
  }
}

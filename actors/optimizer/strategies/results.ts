/**
 * What a method that models all results knows: each result once, as its genome's point of the cube, in the order of
 * arrival, and the points that are out until their results come.
 */
import * as z from 'zod';
import type { Cube } from './cube.js';
import type { Trial } from './method.js';
import { packedFloats, packFloats } from './packed.js';

export const savedResults = (n: number) =>
  z.object({
    points: z.array(packedFloats(n)),
    scores: packedFloats(),
    out: z.array(z.object({ id: z.int(), point: packedFloats(n) })),
    nextId: z.int().min(0),
  });

export class Results {
  readonly points: Float64Array[];
  readonly scores: number[];
  readonly #cube: Cube;
  readonly #out: Map<number, Float64Array>;
  #nextId: number;

  constructor(cube: Cube, saved: z.output<ReturnType<typeof savedResults>> | null) {
    this.#cube = cube;
    this.points = saved?.points ?? [];
    this.scores = [...(saved?.scores ?? [])];
    this.points.length = Math.min(this.points.length, this.scores.length);
    this.#out = new Map(saved?.out.map(({ id, point }) => [id, point]));
    this.#nextId = saved?.nextId ?? 0;
  }

  /** As they were handed out, oldest first. */
  get out(): readonly Float64Array[] {
    return [...this.#out.values()];
  }

  handOut(point: Float64Array): Trial {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#out.set(id, point);
    return { point: point.slice(), notes: [id] };
  }

  takeBack({ notes: [id = -1] }: Trial): void {
    this.#out.delete(id);
  }

  /** False for a genome that is known already: it would count twice. */
  add(raw: Float64Array, score: number): boolean {
    const point = this.snapped(raw);
    if (this.isKnown(point)) return false;
    this.points.push(point);
    this.scores.push(score);
    return true;
  }

  /** The point of the genome that this one stands for. */
  snapped(point: Float64Array): Float64Array {
    return this.#cube.toPoint(this.#cube.toGenome(point));
  }

  isKnown(point: Float64Array): boolean {
    return this.points.some((known) => isSame(known, point));
  }

  toJSON(): z.input<ReturnType<typeof savedResults>> {
    return {
      points: this.points.map(packFloats),
      scores: packFloats(Float64Array.from(this.scores)),
      out: [...this.#out].map(([id, point]) => ({ id, point: packFloats(point) })),
      nextId: this.#nextId,
    };
  }
}

/** By axis: the number of values of a choice; 0 for a parameter with an order. */
export function choicesOf({ resolution, unordered }: Cube): Float64Array {
  return Float64Array.from(resolution, (length, axis) => (unordered[axis] === 1 ? Math.round(1 / length) : 0));
}

export function isSame(first: Float64Array, second: Float64Array): boolean {
  for (let axis = 0; axis < first.length; axis += 1) if (first[axis] !== second[axis]) return false;
  return true;
}

/** Points of which each slice of every axis holds one (McKay, Beckman & Conover 1979). */
import type { Random } from '../../../gpu-workers/random.js';

export function latinHypercube(dimensions: number, count: number, random: Random): Float64Array[] {
  const points = Array.from({ length: count }, () => new Float64Array(dimensions));
  for (let axis = 0; axis < dimensions; axis += 1) {
    const slices = random.shuffle(Uint32Array.from({ length: count }, (_, index) => index));
    for (const [index, point] of points.entries()) {
      point[axis] = ((slices[index] as number) + random.uniform()) / count;
    }
  }
  return points;
}

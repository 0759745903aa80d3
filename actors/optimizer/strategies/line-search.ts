/** The bottom of a hollow on a line: steps to the bottom of the parabola through three points, as in Brent (1973). */
import { packedFloats } from './packed.js';

/** Three positions, left to right, and their scores; the middle one is the best. */
export type Bracket = readonly [
  left: number,
  at: number,
  right: number,
  leftScore: number,
  score: number,
  rightScore: number,
];

export const savedBracket = packedFloats(6).transform(
  ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]): Bracket => [a, b, c, d, e, f],
);

/** Every third step halves the longer side: parabolas alone may creep up from one side. */
const HALVING = 3;

/** Points lower than their neighbours, those first whose parabola goes down the furthest. */
export function hollows(line: readonly (readonly [at: number, score: number])[]): Bracket[] {
  const sorted = [...line].sort((a, b) => a[0] - b[0]);
  const found: { bracket: Bracket; depth: number }[] = [];
  sorted.forEach(([at, score], index) => {
    const [left, leftScore] = sorted[index - 1] ?? [at, score];
    const [right, rightScore] = sorted[index + 1] ?? [at, score];
    if (score > leftScore || score > rightScore) return;
    const bracket: Bracket = [left, at, right, leftScore, score, rightScore];
    found.push({ bracket, depth: depthOf(bracket) });
  });
  return found.sort((a, b) => a.depth - b.depth).map(({ bracket }) => bracket);
}

/** Where to look next; null when a step would be shorter than `resolution`. */
export function nextStep(bracket: Bracket, resolution: number, step: number): number | null {
  const [left, at, right] = bracket;
  if (right - left < 3 * resolution) return null;
  const vertex = vertexOf(bracket);
  const halved = right - at > at - left ? (at + right) / 2 : (left + at) / 2;
  if (vertex === null || step % HALVING === HALVING - 1) return Math.abs(halved - at) < resolution ? null : halved;
  if (Math.abs(vertex - at) >= resolution) return vertex;
  // At the bottom as far as the parabola knows: one value further on shows whether it is right.
  return right - at > at - left ? at + resolution : at - resolution;
}

export function withScore(bracket: Bracket, position: number, value: number): Bracket {
  const [left, at, right, leftScore, score, rightScore] = bracket;
  if (position > at) {
    return value < score
      ? [at, position, right, score, value, rightScore]
      : [left, at, position, leftScore, score, value];
  }
  return value < score
    ? [left, position, at, leftScore, value, score]
    : [position, at, right, value, score, rightScore];
}

/** Null where the three points are no parabola open to above. */
function vertexOf([left, at, right, leftScore, score, rightScore]: Bracket): number | null {
  const [r, s] = [at - left, right - at];
  const [up, down] = [r * (rightScore - score), s * (leftScore - score)];
  const curvature = up + down;
  if (!(curvature > 0) || !(r > 0) || !(s > 0) || curvature === Number.POSITIVE_INFINITY) return null;
  return at + (s * down - r * up) / (2 * curvature);
}

function depthOf(bracket: Bracket): number {
  const [left, at, right, leftScore, score, rightScore] = bracket;
  const vertex = vertexOf(bracket);
  if (vertex === null) return score;
  const [r, s] = [at - left, right - at];
  const curvature = ((rightScore - score) / s + (leftScore - score) / r) / (r + s);
  return score - curvature * (vertex - at) * (vertex - at);
}

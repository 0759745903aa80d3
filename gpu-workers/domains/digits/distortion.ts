/**
 * Distorted copies of images: rotated, scaled, shifted by parts of a pixel, with noise. Evaluators make their own test
 * data with it from their seat's seed, so an optimizer cannot fit to the data it will be judged on; trainers may use
 * it to augment. Arithmetic is IEEE double plus @stdlib's sine, so every machine makes the same pixels.
 */
import sincos from '@stdlib/math-base-special-sincos';
import type { Random } from '../../random.js';
import { type LabelledImages, PIXELS, SIDE } from './images.js';

/** Bounds of the distortion at strength 1. Chosen so that good networks reach about 0.93 and better ones stand out. */
const MAX_ROTATION_RADIANS = 0.2;
const MAX_SCALE_CHANGE = 0.1;
const MAX_SHIFT_PIXELS = 0.6;
const NOISE_DEVIATION = 0.06;

const CENTRE = (SIDE - 1) / 2;

/** `copies` distorted versions of every image, copy by copy, in the order of `images`. */
export function distortImages(
  images: LabelledImages,
  copies: number,
  strength: number,
  random: Random,
): LabelledImages {
  const count = images.count * copies;
  const pixels = new Float32Array(count * PIXELS);
  const labels = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    const source = index % images.count;
    distortImage(images.pixels, source * PIXELS, pixels, index * PIXELS, strength, random);
    labels[index] = images.labels[source] as number;
  }
  return { pixels, labels, count };
}

function distortImage(
  from: Float32Array,
  fromOffset: number,
  to: Float32Array,
  toOffset: number,
  strength: number,
  random: Random,
): void {
  const [sine = 0, cosine = 1] = sincos(symmetric(random) * MAX_ROTATION_RADIANS * strength);
  const scale = 1 + symmetric(random) * MAX_SCALE_CHANGE * strength;
  const shiftX = symmetric(random) * MAX_SHIFT_PIXELS * strength;
  const shiftY = symmetric(random) * MAX_SHIFT_PIXELS * strength;
  for (let row = 0; row < SIDE; row += 1) {
    for (let column = 0; column < SIDE; column += 1) {
      const x = (column - CENTRE - shiftX) * scale;
      const y = (row - CENTRE - shiftY) * scale;
      const ink = sample(from, fromOffset, cosine * x - sine * y + CENTRE, sine * x + cosine * y + CENTRE);
      const noisy = ink + random.gaussian() * NOISE_DEVIATION * strength;
      to[toOffset + row * SIDE + column] = Math.min(1, Math.max(0, noisy));
    }
  }
}

/** Bilinear interpolation between the four nearest pixels; paper (0) outside the image. */
function sample(pixels: Float32Array, offset: number, x: number, y: number): number {
  const left = Math.floor(x);
  const top = Math.floor(y);
  const right = x - left;
  const bottom = y - top;
  const at = (column: number, row: number) =>
    column < 0 || row < 0 || column >= SIDE || row >= SIDE ? 0 : (pixels[offset + row * SIDE + column] as number);
  return (
    (at(left, top) * (1 - right) + at(left + 1, top) * right) * (1 - bottom) +
    (at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right) * bottom
  );
}

/** Uniform in [-1, 1). */
function symmetric(random: Random): number {
  return random.uniform() * 2 - 1;
}

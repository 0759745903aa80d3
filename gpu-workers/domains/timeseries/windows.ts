/**
 * What a model sees of a series: the hours up to an origin, and what it is asked: the load a horizon later, as a change
 * from the load at the origin. With that, doing nothing is the naive forecast, and the trend shifts nothing (Zeng et al.
 * 2023 find such windows to beat far larger models).
 */
import type { Random } from '../../random.js';
import { CHANNELS, HOURS_PER_DAY, HOURS_PER_WEEK, wave } from './series.js';

/** Beside the channels: sine and cosine of the hour of the day and of the week at the moment. */
const CALENDAR = 4;
export const INPUTS = CHANNELS + CALENDAR;
/** Origins lie at least so far into a series, whatever the window, so that all models answer the same questions. */
export const LONGEST_WINDOW = 72;

export interface Period {
  readonly start: number;
  readonly end: number;
}

/** Questions to a model: origins in one series. */
export interface Questions {
  readonly series: Float32Array;
  readonly horizon: number;
  readonly origins: Int32Array;
}

export function loadAt(series: Float32Array, hour: number): number {
  return series[hour * CHANNELS] as number;
}

/** Every hour of the period from which both window and horizon lie in the period. */
export function allOrigins({ start, end }: Period, horizon: number): Int32Array {
  const first = start + LONGEST_WINDOW;
  return Int32Array.from({ length: end - horizon - first }, (_, index) => first + index);
}

/** Drawn with replacement from all of the period. */
export function drawOrigins(period: Period, horizon: number, count: number, random: Random): Int32Array {
  const all = allOrigins(period, horizon);
  return Int32Array.from({ length: count }, () => all[random.below(all.length)] as number);
}

/** [window, origins, `INPUTS`]: time first, as the models want it. */
export function inputsOf({ series, origins }: Questions, window: number): Float32Array {
  const values = new Float32Array(window * origins.length * INPUTS);
  for (const [row, origin] of origins.entries()) {
    for (let step = 0; step < window; step += 1) {
      const hour = origin - window + 1 + step;
      const at = (step * origins.length + row) * INPUTS;
      for (let channel = 0; channel < CHANNELS; channel += 1) {
        const now = series[hour * CHANNELS + channel] as number;
        values[at + channel] = now - (series[origin * CHANNELS + channel] as number);
      }
      values.set(calendar[hour % HOURS_PER_WEEK] as Float32Array, at + CHANNELS);
    }
  }
  return values;
}

/** The changes asked for. */
export function answersOf({ series, origins, horizon }: Questions): Float32Array {
  return Float32Array.from(origins, (origin) => loadAt(series, origin + horizon) - loadAt(series, origin));
}

/** A cosine is the sine a quarter of the period later. */
const calendar: readonly Float32Array[] = Array.from({ length: HOURS_PER_WEEK }, (_, hour) =>
  Float32Array.of(
    wave(hour, HOURS_PER_DAY),
    wave(hour + HOURS_PER_DAY / 4, HOURS_PER_DAY),
    wave(hour, HOURS_PER_WEEK),
    wave(hour + HOURS_PER_WEEK / 4, HOURS_PER_WEEK),
  ),
);

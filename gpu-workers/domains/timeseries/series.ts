/**
 * Hourly series as a utility might have them, made from a seed: a load with a trend, days, weeks and a slow season, moved
 * by regimes that nobody announces; the temperature, which the load follows; an indicator that runs ahead of it; and the
 * load of a neighbour. Every seed gives another history under the same law, so there is something to learn, and nothing
 * to remember. Arithmetic is IEEE double plus @stdlib's sine and logarithm: the same numbers on every machine.
 */
import sincos from '@stdlib/math-base-special-sincos';
import { Random } from '../../random.js';

/** Load (what is forecast), temperature, indicator, neighbour. */
export const CHANNELS = 4;
export const HOURS_PER_DAY = 24;
export const HOURS_PER_WEEK = 168;

/** The hours of a history: models train on the first part, are validated on the second, and never see the third. */
export const PERIODS = {
  training: { start: 0, end: 1_440 },
  validation: { start: 1_440, end: 1_920 },
  heldOut: { start: 1_920, end: 2_400 },
} as const;

const SLOW_SEASON_HOURS = 672;
const TREND_PER_HOUR = 0.0006;
const WEEKEND_START_HOUR = 120;
/** Hours before the first one, in which the noise reaches its usual size. */
const WARM_UP_HOURS = 168;
const INDICATOR_LEAD_HOURS = 8;
const TEMPERATURE_LAG_HOURS = 3;
const TWO_PI = 6.283185307179586;

interface Regime {
  readonly level: number;
  /** Of the daily rhythm. */
  readonly amplitude: number;
  /** Factor on all noise of the load. */
  readonly noise: number;
}

/** A regime lasts three days on average. */
const REGIME_END_CHANCE = 1 / 72;
const REGIMES: readonly [Regime, ...Regime[]] = [
  { level: 0, amplitude: 1, noise: 1 },
  { level: 0.5, amplitude: 1.4, noise: 1.5 },
  { level: -0.4, amplitude: 0.7, noise: 2.2 },
];

/** `hours` x `CHANNELS` values, hour by hour; hour 0 is a Monday's midnight. */
export function makeSeries(hours: number, random: Random): Float32Array {
  const values = new Float32Array(hours * CHANNELS);
  const total = WARM_UP_HOURS + hours;
  const indicator = new Float64Array(total);
  const temperature = new Float64Array(total);
  let regime = REGIMES[0];
  let loadNoise = 0;
  let weather = 0;
  let neighbourNoise = 0;
  for (let step = 0; step < total; step += 1) {
    // A multiple of a week ahead of the first hour: clocks agree, the trend does not yet matter.
    const hour = step - WARM_UP_HOURS;
    if (random.uniform() < REGIME_END_CHANCE) regime = REGIMES[random.below(REGIMES.length)] ?? regime;
    weather = 0.97 * weather + 0.12 * random.gaussian();
    temperature[step] = 0.8 * wave(hour - 9, HOURS_PER_DAY) + 0.7 * wave(hour, SLOW_SEASON_HOURS) + weather;
    indicator[step] = 0.96 * before(indicator, step, 1) + 0.2 * random.gaussian();
    loadNoise = 0.6 * loadNoise + 0.1 * regime.noise * random.gaussian();
    neighbourNoise = 0.8 * neighbourNoise + 0.15 * random.gaussian();
    const load =
      2 +
      TREND_PER_HOUR * hour +
      regime.level +
      regime.amplitude * rhythm(hour) +
      0.7 * before(indicator, step, INDICATOR_LEAD_HOURS) -
      0.4 * before(temperature, step, TEMPERATURE_LAG_HOURS) +
      loadNoise;
    const neighbour = rhythm(hour + 2) + 0.5 * regime.level + neighbourNoise;
    const seenIndicator = (indicator[step] as number) + 0.1 * random.gaussian();
    if (hour >= 0) values.set([load, temperature[step] as number, seenIndicator, neighbour], hour * CHANNELS);
  }
  return values;
}

/** What the history of the domain is, for all: it is what a model may learn from. */
export function knownHistory(): Float32Array {
  return makeSeries(PERIODS.heldOut.end, Random.fromSeed(new Uint8Array(32), 'timeseries/history'));
}

/** Two peaks a day, and quieter weekends. */
function rhythm(hour: number): number {
  const day = wave(hour - 8, HOURS_PER_DAY) + 0.4 * wave(hour - 5, HOURS_PER_DAY / 2);
  const ofWeek = ((hour % HOURS_PER_WEEK) + HOURS_PER_WEEK) % HOURS_PER_WEEK;
  return ofWeek >= WEEKEND_START_HOUR ? 0.6 * day - 0.5 : day;
}

export function wave(hour: number, period: number): number {
  return sincos((TWO_PI * hour) / period)[0] as number;
}

function before(values: Float64Array, step: number, hours: number): number {
  return values[step - hours] ?? 0;
}

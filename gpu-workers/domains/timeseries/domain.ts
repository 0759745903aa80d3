/**
 * Forecasting. One known history trains; every evaluator measures on histories of its own making under the same law, so
 * neither the training days nor the later ones can be learned by heart. Same genome and seed, same bits.
 */
import type { GenomeValues } from '../../../runtime/genome/space.js';
import { startWasmBackend } from '../../backends/wasm.js';
import { taskFailure } from '../../failures.js';
import { countOf } from '../../models/parameters.js';
import { decodeParameters, encodeParameters } from '../../models/weight-bytes.js';
import { Random } from '../../random.js';
import type { Domain, DomainSpec, WorkContext } from '../../types.js';
import { errorsOf, fitnessOf, type Margins } from './fitness.js';
import { Forecaster } from './forecaster.js';
import { CHANNELS, HOURS_PER_WEEK, knownHistory, makeSeries, PERIODS } from './series.js';
import { readSettings, shapesOf, sizesOf } from './settings.js';
import { horizonOf } from './spec.js';
import { forecast, trainForecaster } from './training.js';
import { allOrigins, drawOrigins, LONGEST_WINDOW, loadAt, type Period, type Questions } from './windows.js';

/** Histories that one evaluation makes, and questions in each of both periods. */
const HISTORIES = 32;
const QUESTIONS = 40;
/** What a channel may hold: 32-bit floats must not overflow on the way through a sane model. */
const LARGEST_INPUT = 1e6;

export function createDomain(spec: DomainSpec): Domain {
  const horizon = horizonOf(spec.domainId);
  if (horizon === null) throw taskFailure('unknown-domain', `${spec.domainId} is no domain of module timeseries`);
  let history: Float32Array | undefined;
  const ready = async () => {
    await startWasmBackend();
    history ??= knownHistory();
    return history;
  };
  /** Gives tensors back, however the work ends. */
  const withModel = async <T>(
    genome: GenomeValues,
    weights: Uint8Array,
    use: (forecaster: Forecaster) => Promise<T>,
  ): Promise<T> => {
    const settings = readSettings(genome);
    const values = decodeParameters(sizesOf(settings), countOf(shapesOf(settings)), weights);
    const forecaster = new Forecaster(settings, values);
    try {
      return await use(forecaster);
    } finally {
      forecaster.dispose();
    }
  };
  return {
    spec,
    async prepare() {
      await ready();
    },
    async train(genome, seed, budget, work) {
      const known = await ready();
      const settings = readSettings(genome);
      if (settings.batchSize > spec.limits.batchSize) {
        throw taskFailure('bad-genome', `batch_size = ${settings.batchSize} is above ${spec.limits.batchSize}`);
      }
      work.signal.throwIfAborted();
      const epochs = Math.min(settings.epochs, budget.maxEpochs, spec.limits.epochs);
      const trained = await trainForecaster(known, horizon, { ...settings, epochs }, seed, budget.earlyPatience, work);
      return { weights: encodeParameters(sizesOf(settings), trained.weights), epochs: trained.epochs };
    },
    async evaluate(genome, weights, dataSeed, work) {
      await ready();
      return withModel(genome, weights, async (forecaster) => {
        const random = Random.fromSeed(dataSeed, 'timeseries/evaluation');
        const margins: Margins[] = [];
        const data: ArrayBufferView[] = [];
        const outputs: ArrayBufferView[] = [];
        for (let index = 0; index < HISTORIES; index += 1) {
          const series = makeSeries(PERIODS.validation.end, random);
          const origins = new Int32Array(2 * QUESTIONS);
          origins.set(drawOrigins(PERIODS.training, horizon, QUESTIONS, random));
          origins.set(drawOrigins(PERIODS.validation, horizon, QUESTIONS, random), QUESTIONS);
          const changes = await finiteForecast(forecaster, { series, horizon, origins }, work);
          const margin = (start: number, end: number) => {
            const questions = { series, horizon, origins: origins.subarray(start, end) };
            const errors = errorsOf(questions, changes.subarray(start, end));
            return errors.model - errors.naive;
          };
          margins.push({ training: margin(0, QUESTIONS), validation: margin(QUESTIONS, 2 * QUESTIONS) });
          data.push(series, origins);
          outputs.push(changes);
        }
        const { fitness, standardError } = fitnessOf(margins);
        return { performance: fitness, standardError, samples: HISTORIES * 2 * QUESTIONS, data, outputs };
      });
    },
    async benchmark(genome, weights, work) {
      const series = await ready();
      return withModel(genome, weights, async (forecaster) => {
        const errorsIn = async (period: Period) => {
          const questions = { series, horizon, origins: allOrigins(period, horizon) };
          return errorsOf(questions, await finiteForecast(forecaster, questions, work));
        };
        const training = await errorsIn(PERIODS.training);
        const later = await errorsIn(PERIODS.heldOut);
        const margins = { training: training.model - training.naive, validation: later.model - later.naive };
        const { fitness } = fitnessOf([margins]);
        const samples = allOrigins(PERIODS.heldOut, horizon).length;
        const beside = { mae: later.model, naive: later.naive, seasonal_naive: later.seasonalNaive };
        return { performance: fitness, standardError: 0, samples, beside };
      });
    },
    exampleInput: { hour_of_week: 0, series: Array.from({ length: LONGEST_WINDOW }, () => [0, 0, 0, 0]) },
    async predict(genome, weights, input) {
      await ready();
      const { series, origin } = readRequest(input);
      return withModel(genome, weights, async (forecaster) => {
        const questions = { series, horizon, origins: Int32Array.of(origin) };
        const [change] = await finiteForecast(forecaster, questions, UNCANCELLED);
        return { hours_ahead: horizon, load: loadAt(series, origin) + (change as number) };
      });
    },
  };
}

/** One prediction is over before anybody could cancel it. */
const UNCANCELLED: WorkContext = { signal: new AbortController().signal, progress() {} };

/** Finite weights can still overflow on the way. */
async function finiteForecast(forecaster: Forecaster, questions: Questions, work: WorkContext): Promise<Float32Array> {
  const changes = await forecast(forecaster, questions, work);
  const wrong = changes.findIndex((change) => !Number.isFinite(change));
  if (wrong < 0) return changes;
  throw taskFailure('non-finite-result', `the forecast for window ${wrong} is ${changes[wrong]}`);
}

/** `series`: the last 72 hours of all channels, oldest first; `hour_of_week`: of the last of them, 0 on Monday at midnight. */
function readRequest(input: unknown): { series: Float32Array; origin: number } {
  const { hour_of_week: hour, series } = (input ?? {}) as Record<string, unknown>;
  const isValue = (value: unknown) => typeof value === 'number' && Math.abs(value) <= LARGEST_INPUT;
  const isRow = (row: unknown) => Array.isArray(row) && row.length === CHANNELS && row.every(isValue);
  const valid =
    typeof hour === 'number' &&
    Number.isInteger(hour) &&
    hour >= 0 &&
    hour < HOURS_PER_WEEK &&
    Array.isArray(series) &&
    series.length === LONGEST_WINDOW &&
    series.every(isRow);
  if (!valid) {
    const text = `input must be {"hour_of_week": 0..${HOURS_PER_WEEK - 1}, "series": ${LONGEST_WINDOW} rows of ${CHANNELS} numbers}`;
    throw taskFailure('bad-input', text);
  }
  // Laid where the calendar says what the request says: the week after the first whole one.
  const origin = HOURS_PER_WEEK + hour;
  const padded = new Float32Array((origin + 1) * CHANNELS);
  padded.set((series as number[][]).flat(), (origin + 1 - LONGEST_WINDOW) * CHANNELS);
  return { series: padded, origin };
}

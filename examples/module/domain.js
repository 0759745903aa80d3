// A domain as a module: a straight line, learnt by gradient descent from noisy points. Replace it piece by piece;
// `doin domain test` says what still holds. Same genome and seed must give the same bits on every machine, so:
// everything random from `Random`, no clock, and none of Math.exp, Math.pow, Math.sin, `**` (use `math` instead).

const NANO = 1_000_000_000;
const NOISE = 0.1;
const SAMPLES = 200;
const WEIGHTS_BYTES = 16;

export const spec = {
  domainId: 'my-domain',
  module: 'my-domain',
  metric: 'negative_squared_error',
  direction: 'maximize',
  // Floats are in units of 1e-9, as all numbers here are that end in Nano.
  space: [
    { name: 'learning_rate', kind: 'float', low: NANO / 1000, high: NANO / 4, log: true },
    { name: 'batch_size', kind: 'categorical', choices: ['1', '8', '32'] },
  ],
  // A line through nothing: what a naive solution reaches.
  baselineNano: -3 * NANO,
  incrementScaleNano: NANO / 50,
  toleranceFloorNano: NANO / 100,
  noiseNano: NANO,
  synthetic: true,
  verification: 'exact',
  weightNano: NANO,
  limits: { trainingSeconds: 10, memoryMb: 256, epochs: 50, batchSize: 32, blobBytes: WEIGHTS_BYTES },
};

/** `Random`, `taskFailure` and `math` (exp, ln, sincos) have the same bits everywhere. */
export function createDomain(given, { Random, taskFailure }) {
  const points = (random, count) =>
    Float64Array.from({ length: 2 * count }, (_, index) =>
      index % 2 === 0 ? 2 * random.uniform() - 1 : NOISE * random.gaussian(),
    ).map((value, index, all) => (index % 2 === 0 ? value : 2 * all[index - 1] - 1 + value));

  // Weights come from strangers: size and content are checked before they are used.
  const readWeights = (bytes) => {
    if (bytes.length !== WEIGHTS_BYTES) throw taskFailure('bad-weights', `${bytes.length} bytes, not ${WEIGHTS_BYTES}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [slope, offset] = [view.getFloat64(0, true), view.getFloat64(8, true)];
    if (!Number.isFinite(slope) || !Number.isFinite(offset)) throw taskFailure('bad-weights', 'not finite');
    return { slope, offset };
  };

  return {
    spec: given,
    async prepare() {
      // Load data and backends here: once for each worker.
    },
    async train(genome, seed, budget, work) {
      const random = Random.fromSeed(seed, 'training');
      const data = points(random, SAMPLES);
      const batch = Number(genome.batch_size);
      let [slope, offset] = [random.gaussian(), random.gaussian()];
      for (let epoch = 1; epoch <= budget.maxEpochs; epoch += 1) {
        let loss = 0;
        for (let start = 0; start + batch <= SAMPLES; start += batch) {
          let [slopeGradient, offsetGradient] = [0, 0];
          for (let sample = start; sample < start + batch; sample += 1) {
            const error = slope * data[2 * sample] + offset - data[2 * sample + 1];
            slopeGradient += (2 * error * data[2 * sample]) / batch;
            offsetGradient += (2 * error) / batch;
            loss += (error * error) / SAMPLES;
          }
          slope -= genome.learning_rate * slopeGradient;
          offset -= genome.learning_rate * offsetGradient;
        }
        if (!Number.isFinite(loss)) throw taskFailure('non-finite-result', `training diverged in epoch ${epoch}`);
        work.progress({ epoch, maxEpochs: budget.maxEpochs, loss, validationLoss: loss });
        work.signal.throwIfAborted();
      }
      const weights = new Uint8Array(WEIGHTS_BYTES);
      const view = new DataView(weights.buffer);
      view.setFloat64(0, slope, true);
      view.setFloat64(8, offset, true);
      return { weights, epochs: budget.maxEpochs };
    },
    async evaluate(_genome, weights, dataSeed) {
      const { slope, offset } = readWeights(weights);
      const data = points(Random.fromSeed(dataSeed, 'evaluation'), SAMPLES);
      const outputs = Float64Array.from({ length: SAMPLES }, (_, sample) => slope * data[2 * sample] + offset);
      const errors = outputs.map((output, sample) => (output - data[2 * sample + 1]) * (output - data[2 * sample + 1]));
      const mean = errors.reduce((sum, error) => sum + error, 0) / SAMPLES;
      const variance = errors.reduce((sum, error) => sum + (error - mean) * (error - mean), 0) / SAMPLES;
      const standardError = Math.sqrt(variance / SAMPLES);
      return { performance: -mean, standardError, samples: SAMPLES, data: [data], outputs: [outputs] };
    },
    exampleInput: 0.5,
    async predict(_genome, weights, input) {
      const { slope, offset } = readWeights(weights);
      // Input comes from strangers, as weights do.
      if (typeof input !== 'number' || !(Math.abs(input) <= 1e6)) {
        throw taskFailure('bad-input', 'input must be a number between -1e6 and 1e6');
      }
      return slope * input + offset;
    },
  };
}

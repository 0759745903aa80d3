/**
 * Steps of training on the reproducible backend, on one thread, next to the same steps on the kernels that tfjs ships. In
 * brackets what native TensorFlow took on two cores of another machine (tfjs-node, one thread), where it was measured: it
 * cannot be installed without downloads. The convolutions there were of other sizes: compare their order of magnitude only.
 */
import * as tf from '@tensorflow/tfjs-core';
import { startWasmBackend, WASM_BACKEND } from '../../gpu-workers/backends/wasm.js';
import { type BenchCase, type BenchSuite, median } from './suite.js';
import { causalStack, cnn, lstm, mlp, type TrainingStep } from './training-steps.js';

/** Importing the backend registered them; starting it replaces them. */
const STOCK = ['BatchMatMul', 'Slice', 'Concat'].map((name) => tf.getKernel(name, WASM_BACKEND));
const REPEATS = 5;

export const suite: BenchSuite = {
  name: 'kernels',
  cases: [
    againstStock('MLP 784-256-128-10, batch 128 [native 11 ms]', mlp),
    againstStock('causal convolutions 64 x 128 x 8, 4 layers of 32 filters [native 23-36 ms]', causalStack),
    againstStock('LSTM 64 x 128 x 8, 64 units [native 210-500 ms]', lstm),
    {
      name: 'training step: CNN 28 x 28, batch 128, which stock kernels cannot train [native 28 ms]',
      unit: 'CPU ms',
      run: async () => {
        await startWasmBackend();
        return { value: median(times(cnn(), REPEATS)), baseline: null };
      },
    },
  ],
};

function againstStock(name: string, make: () => TrainingStep): BenchCase {
  return {
    name: `training step: ${name}`,
    unit: 'CPU ms',
    goal: { ratioAtMost: 1 },
    async run() {
      await startWasmBackend();
      const own = STOCK.map((stock) => tf.getKernel(stock?.kernelName ?? '', WASM_BACKEND));
      const values: number[] = [];
      const baselines: number[] = [];
      // In turns, so that both see the same load of the machine.
      for (let round = 0; round < 3; round += 1) {
        values.push(...times(make(), REPEATS));
        install(STOCK);
        baselines.push(...times(make(), REPEATS));
        install(own);
      }
      return { value: median(values), baseline: median(baselines) };
    },
  };
}

function install(kernels: readonly (tf.KernelConfig | undefined)[]): void {
  for (const config of kernels) {
    if (config === undefined) throw new Error('the backend lacks a kernel that is to be replaced');
    tf.unregisterKernel(config.kernelName, WASM_BACKEND);
    tf.registerKernel(config);
  }
}

/** Milliseconds of processor time of each step, after two to warm up: whatever else the machine does. */
function times({ step, dispose }: TrainingStep, repeats: number): readonly number[] {
  step();
  step();
  const measured: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const before = process.cpuUsage();
    step();
    const { user, system } = process.cpuUsage(before);
    measured.push((user + system) / 1000);
  }
  dispose();
  return measured;
}

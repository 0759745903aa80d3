/**
 * The reproducible backend: TensorFlow.js on WebAssembly SIMD, one thread. WebAssembly fixes every operation to the
 * bit (relaxed SIMD is not used), so the same graph on the same data gives the same weights on every machine.
 *
 * The threaded build is switched off: its threads do not start under Node, and the order of a threaded sum would not
 * be fixed. Workers of the pool give the parallelism.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { DoinError } from '../../runtime/errors.js';
import { registerCopyKernels } from './copy-kernels.js';
import { registerTrainingKernels } from './training-kernels.js';

export const WASM_BACKEND = 'wasm';

let ready: Promise<void> | undefined;

/** Starts the backend once per thread and makes it the current one; later calls return the same promise. */
export function startWasmBackend(): Promise<void> {
  ready ??= start();
  return ready;
}

async function start(): Promise<void> {
  const require = createRequire(import.meta.url);
  const binary = require.resolve('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm');
  setWasmPaths(`${dirname(binary)}${sep}`);
  setThreadsCount(1);
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  // Without SIMD another binary would run, which sums in another order and so gives other bits.
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    throw new DoinError({ code: 'backend-unavailable' }, 'this Node has no WebAssembly SIMD; use Node 20 or newer');
  }
  registerTrainingKernels(WASM_BACKEND);
  registerCopyKernels(WASM_BACKEND);
  if (!(await tf.setBackend(WASM_BACKEND))) {
    throw new DoinError({ code: 'backend-unavailable' }, 'the TensorFlow.js WebAssembly backend did not start');
  }
}

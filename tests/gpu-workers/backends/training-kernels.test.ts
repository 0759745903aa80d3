import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import test from 'ava';
import { startWasmBackend, WASM_BACKEND } from '../../../gpu-workers/backends/wasm.js';
import { Random } from '../../../gpu-workers/random.js';

/** Runs the same work on the plain cpu backend and on ours, and returns the largest difference of the results. */
async function difference(work: () => tf.Tensor | tf.Tensor[]): Promise<number> {
  await startWasmBackend();
  const results: Float32Array[][] = [];
  for (const backend of ['cpu', WASM_BACKEND]) {
    await tf.setBackend(backend);
    const tensors = [tf.tidy(work)].flat();
    results.push(tensors.map((tensor) => Float32Array.from(tensor.dataSync())));
    tf.dispose(tensors);
  }
  const [expected, actual] = results;
  return Math.max(
    ...expected!.flatMap((values, index) => [...values].map((value, at) => Math.abs(value - actual![index]![at]!))),
  );
}

function normal(shape: number[], label: string): tf.Tensor {
  const random = Random.fromSeed(new Uint8Array(32), label);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.gaussian()),
    shape,
  );
}

// One test after another: the backend is a setting of the whole thread.
for (const [transposeA, transposeB] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const) {
  test.serial(`matrix products agree with cpu (transposeA ${transposeA}, transposeB ${transposeB})`, async (t) => {
    const worst = await difference(() =>
      tf.matMul(
        normal(transposeA ? [7, 5] : [5, 7], 'a'),
        normal(transposeB ? [3, 7] : [7, 3], 'b'),
        transposeA,
        transposeB,
      ),
    );
    t.true(worst < 2e-6, `${worst}`);
  });
}

test.serial('batched transposed products, which keep the stock kernel, agree with cpu', async (t) => {
  t.true((await difference(() => tf.matMul(normal([4, 7, 5], 'a'), normal([4, 7, 3], 'b'), true, false))) < 2e-6);
});

/** The gradient kernel on its own: the tfjs core package registers no automatic gradients. */
function filterGradient(strides: number | [number, number], pad: 'same' | 'valid', filter: number): tf.Tensor {
  const x = normal([2, 6, 7, 3], 'x') as tf.Tensor4D;
  const filterShape = [filter, filter, 3, 4] as [number, number, number, number];
  const output = tf.conv2d(x, normal(filterShape, 'w') as tf.Tensor4D, strides, pad);
  const attrs = { strides, pad, dataFormat: 'NHWC', filterShape } as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel('Conv2DBackpropFilter', { x, dy: normal(output.shape, 'dy') }, attrs) as tf.Tensor;
}

for (const [strides, pad, filter] of [
  [1, 'same', 3],
  [1, 'valid', 2],
  [2, 'same', 3],
  [[2, 1], 'valid', 3],
  [1, 'same', 1],
] as const) {
  test.serial(
    `the filter gradient of a convolution agrees with cpu (strides ${strides}, ${pad}, size ${filter})`,
    async (t) => {
      const worst = await difference(() => filterGradient(strides as number, pad, filter));
      t.true(worst < 2e-5, `${worst}`);
    },
  );
}

test.serial('the composite kernels leave no tensor memory behind', async (t) => {
  await startWasmBackend();
  await tf.setBackend(WASM_BACKEND);
  const step = () => {
    tf.matMul(normal([4, 4], 'a'), normal([4, 4], 'b'), true, true);
    filterGradient(1, 'same', 3);
  };
  const held = () => (tf.backend() as unknown as { dataIdMap: { numDataIds(): number } }).dataIdMap.numDataIds();
  tf.tidy(step);
  const before = held();
  for (let round = 0; round < 5; round += 1) tf.tidy(step);
  t.is(held(), before);
});

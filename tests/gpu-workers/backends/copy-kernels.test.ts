import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import test from 'ava';
import fc from 'fast-check';
import { startWasmBackend, WASM_BACKEND } from '../../../gpu-workers/backends/wasm.js';

/** The same work on the plain cpu backend and on ours. */
async function onBoth(work: () => tf.Tensor): Promise<[tf.Tensor, tf.Tensor]> {
  await startWasmBackend();
  const results: tf.Tensor[] = [];
  for (const backend of ['cpu', WASM_BACKEND]) {
    await tf.setBackend(backend);
    const tensor = tf.tidy(work);
    const values = tensor.dataSync().slice();
    results.push(tf.tensor(values, tensor.shape, tensor.dtype));
  }
  return results as [tf.Tensor, tf.Tensor];
}

function counted(shape: number[], dtype: 'float32' | 'int32'): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Array.from({ length: size }, (_, index) => index + 1),
    shape,
    dtype,
  );
}

const shapes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });
const dtypes = fc.constantFrom('float32' as const, 'int32' as const);

test.serial('any part of any tensor is what the cpu backend takes', async (t) => {
  const cuts = shapes.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      dtype: dtypes,
      cut: fc.tuple(
        ...shape.map((length) =>
          fc
            .integer({ min: 0, max: length })
            .chain((begin) =>
              fc.record({ begin: fc.constant(begin), size: fc.integer({ min: 0, max: length - begin }) }),
            ),
        ),
      ),
    }),
  );
  const property = fc.asyncProperty(cuts, async ({ shape, dtype, cut }) => {
    const begin = cut.map((axis) => axis.begin);
    const size = cut.map((axis) => axis.size);
    const [expected, found] = await onBoth(() => tf.slice(counted(shape, dtype), begin, size));
    t.deepEqual(found.shape, expected.shape);
    t.deepEqual(found.dataSync(), expected.dataSync());
  });
  await fc.assert(property, { numRuns: 60 });
});

test.serial('tensors are joined along any axis as on the cpu backend', async (t) => {
  const joins = shapes.chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      dtype: dtypes,
      axis: fc.integer({ min: 0, max: shape.length - 1 }),
      lengths: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }),
    }),
  );
  const property = fc.asyncProperty(joins, async ({ shape, dtype, axis, lengths }) => {
    const [expected, found] = await onBoth(() =>
      tf.concat(
        lengths.map((length) => counted(shape.with(axis, length), dtype)),
        axis,
      ),
    );
    t.deepEqual(found.shape, expected.shape);
    t.deepEqual(found.dataSync(), expected.dataSync());
  });
  await fc.assert(property, { numRuns: 60 });
});

test.serial('moved numbers keep their bits, not-a-number too', async (t) => {
  await startWasmBackend();
  await tf.setBackend(WASM_BACKEND);
  const odd = new Float32Array(Uint32Array.of(0x7fc12345, 0x80000000, 0x00000001, 0xff800000).buffer);
  const moved = tf.tidy(() => tf.slice1d(tf.concat1d([tf.tensor1d([1]), tf.tensor1d(odd)]), 1, 4).dataSync());
  t.deepEqual(new Uint32Array(moved.slice().buffer), new Uint32Array(odd.buffer));
});

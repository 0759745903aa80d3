/**
 * Kernels that the WebAssembly backend of tfjs 4.22 lacks, or has too slowly to train with, composed of kernels it has:
 *   BatchMatMul with transposed operands falls back to a scalar loop in C++; a Transpose followed by the plain product
 *     (XNNPACK) is several times faster. Backpropagation through a dense layer is two such products.
 *   Conv2DBackpropFilter does not exist, so no convolution could be trained. It is one matrix product: the patches the
 *     filter saw (one slice of the padded input per filter cell), transposed, times the gradient of the output.
 * Both are checked against the plain cpu backend by tests.
 */
import * as tf from '@tensorflow/tfjs-core';

interface Disposer {
  disposeData(dataId: object): void;
}
interface ProductInputs {
  readonly a: tf.TensorInfo;
  readonly b: tf.TensorInfo;
}
interface FilterGradientInputs {
  readonly x: tf.TensorInfo;
  readonly dy: tf.TensorInfo;
}
type Kernel = (inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap) => tf.TensorInfo;

/** Puts the composite kernels in place of the stock ones. Registering twice is harmless: the second call does nothing. */
export function registerTrainingKernels(backendName: string): void {
  if (tf.getKernel('Conv2DBackpropFilter', backendName)) return;
  const plainProduct = tf.getKernel('BatchMatMul', backendName);
  if (!plainProduct) throw new Error(`backend ${backendName} has no BatchMatMul; load it before its training kernels`);

  tf.unregisterKernel('BatchMatMul', backendName);
  tf.registerKernel({
    ...plainProduct,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as unknown as ProductInputs;
      const { transposeA, transposeB } = call.attrs as unknown as tf.BatchMatMulAttrs;
      if ((!transposeA && !transposeB) || !isSingleMatrix(a) || !isSingleMatrix(b))
        return plainProduct.kernelFunc(call);
      return withTemporaries(call.backend as Disposer, (keep) => {
        const left = transposeA ? keep(transposed(backendName, call.backend, a)) : a;
        const right = transposeB ? keep(transposed(backendName, call.backend, b)) : b;
        return run(
          plainProduct.kernelFunc,
          call.backend,
          { a: left, b: right },
          { transposeA: false, transposeB: false },
        );
      });
    },
  });
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName,
    kernelFunc: (call) =>
      filterGradient(
        (name) => (inputs, attrs) => runKernel(name, backendName, call.backend, inputs, attrs),
        call.backend as Disposer,
        call.inputs as unknown as FilterGradientInputs,
        call.attrs as unknown as tf.Conv2DBackpropFilterAttrs,
      ),
  });
}

function filterGradient(
  kernel: (name: string) => Kernel,
  backend: Disposer,
  { x, dy }: FilterGradientInputs,
  { strides, pad, dataFormat, dimRoundingMode, filterShape }: tf.Conv2DBackpropFilterAttrs,
): tf.TensorInfo {
  if (dataFormat !== 'NHWC') throw new Error(`Conv2DBackpropFilter: data format ${dataFormat} is not NHWC`);
  const conv = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { padInfo, batchSize, outHeight, outWidth, inChannels, outChannels, filterHeight, filterWidth } = conv;
  return withTemporaries(backend, (keep) => {
    const paddings = [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ];
    const padded = keep(kernel('PadV2')({ x }, { paddings, constantValue: 0 } as unknown as tf.NamedAttrMap));
    const cells: tf.TensorInfo[] = [];
    for (let row = 0; row < filterHeight; row += 1) {
      for (let column = 0; column < filterWidth; column += 1) {
        cells.push(keep(kernel('StridedSlice')({ x: padded }, cellSlice(conv, row, column))));
      }
    }
    const patches = keep(kernel('Concat')(cells as unknown as tf.NamedTensorInfoMap, { axis: 3 }));
    const samples = batchSize * outHeight * outWidth;
    const patchSize = filterHeight * filterWidth * inChannels;
    const product = kernel('BatchMatMul')(
      { a: { ...info(patches), shape: [1, samples, patchSize] }, b: { ...info(dy), shape: [1, samples, outChannels] } },
      { transposeA: true, transposeB: false },
    );
    return { ...info(product), shape: filterShape };
  });
}

/** What one cell of the filter saw at every position it was laid on. */
function cellSlice(conv: tf.backend_util.Conv2DInfo, row: number, column: number): tf.NamedAttrMap {
  const { batchSize, outHeight, outWidth, strideHeight, strideWidth, inChannels } = conv;
  return {
    begin: [0, row, column, 0],
    end: [batchSize, row + (outHeight - 1) * strideHeight + 1, column + (outWidth - 1) * strideWidth + 1, inChannels],
    strides: [1, strideHeight, strideWidth, 1],
    beginMask: 0,
    endMask: 0,
    ellipsisMask: 0,
    newAxisMask: 0,
    shrinkAxisMask: 0,
  };
}

function isSingleMatrix(tensor: tf.TensorInfo): boolean {
  return tensor.shape.slice(0, -2).every((size) => size === 1);
}

function transposed(backendName: string, backend: object, x: tf.TensorInfo): tf.TensorInfo {
  const axes = x.shape.map((_, axis) => axis);
  const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
  return runKernel('Transpose', backendName, backend, { x }, { perm });
}

function runKernel(
  name: string,
  backendName: string,
  backend: object,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo {
  const config = tf.getKernel(name, backendName);
  if (!config) throw new Error(`backend ${backendName} has no kernel ${name}`);
  return run(config.kernelFunc, backend, inputs, attrs);
}

function run(
  kernel: tf.KernelFunc,
  backend: object,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo {
  const output = kernel({ inputs, attrs, backend });
  if (Array.isArray(output)) throw new Error('expected a kernel with one output');
  return output;
}

function info({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
  return { dataId, shape, dtype };
}

/** Tensors made inside a kernel are unknown to `tf.tidy`, so they are given back by hand, also when a kernel throws. */
function withTemporaries<T>(backend: Disposer, work: (keep: (tensor: tf.TensorInfo) => tf.TensorInfo) => T): T {
  const temporaries: tf.TensorInfo[] = [];
  try {
    return work((tensor) => {
      temporaries.push(tensor);
      return tensor;
    });
  } finally {
    for (const { dataId } of temporaries) backend.disposeData(dataId);
  }
}

import test from 'ava';
import fc from 'fast-check';
import { eigenSymmetric } from '../../../../actors/optimizer/strategies/eigen.js';

const matrix = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: size * size, maxLength: size * size }).map((raw) => ({
    size,
    values: Float64Array.from(raw, (value, at) => value + raw[(at % size) * size + Math.floor(at / size)]!),
  })),
);

test('eigenvectors are orthonormal and give the matrix back', (t) => {
  fc.assert(
    fc.property(matrix, ({ size, values }) => {
      const basis = values.slice();
      const eigenvalues = new Float64Array(size);
      t.true(eigenSymmetric(size, basis, eigenvalues, new Float64Array(size)));
      for (let i = 0; i < size; i += 1) {
        for (let j = 0; j < size; j += 1) {
          let [product, rebuilt] = [0, 0];
          for (let k = 0; k < size; k += 1) {
            product += basis[k * size + i]! * basis[k * size + j]!;
            rebuilt += basis[i * size + k]! * eigenvalues[k]! * basis[j * size + k]!;
          }
          t.true(Math.abs(product - (i === j ? 1 : 0)) < 1e-12);
          t.true(Math.abs(rebuilt - values[i * size + j]!) < 1e-9);
        }
      }
    }),
  );
});

test('a matrix that holds no numbers is refused', (t) => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    t.false(eigenSymmetric(2, Float64Array.of(1, bad, bad, 1), new Float64Array(2), new Float64Array(2)));
  }
});

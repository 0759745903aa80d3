/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to three diagonals, then QL steps with
 * implicit shifts (EISPACK's tred2 and tql2: Bowdler, Martin, Reinsch & Wilkinson 1968). Only exact operations and
 * square roots, so the bits are the same everywhere; nothing is allocated.
 */

/** An eigenvalue that takes longer never comes: the matrix holds something that is no number. */
const MAX_STEPS = 60;
const EPSILON = 2.220446049250313e-16;

/**
 * On entry `vectors` holds the matrix, row by row; on return its columns are the eigenvectors of `values`, which are in
 * no particular order. `scratch` is another `size` numbers. False when it does not converge.
 */
export function eigenSymmetric(
  size: number,
  vectors: Float64Array,
  values: Float64Array,
  scratch: Float64Array,
): boolean {
  tridiagonalize(size, vectors, values, scratch);
  return diagonalize(size, vectors, values, scratch);
}

function tridiagonalize(n: number, v: Float64Array, d: Float64Array, e: Float64Array): void {
  for (let j = 0; j < n; j += 1) d[j] = v[(n - 1) * n + j] as number;
  for (let i = n - 1; i > 0; i -= 1) {
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k += 1) scale += Math.abs(d[k] as number);
    if (scale === 0) {
      e[i] = d[i - 1] as number;
      for (let j = 0; j < i; j += 1) {
        d[j] = v[(i - 1) * n + j] as number;
        v[i * n + j] = 0;
        v[j * n + i] = 0;
      }
    } else {
      for (let k = 0; k < i; k += 1) {
        const scaled = (d[k] as number) / scale;
        d[k] = scaled;
        h += scaled * scaled;
      }
      const f = d[i - 1] as number;
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      e[i] = scale * g;
      h -= f * g;
      d[i - 1] = f - g;
      reduceRow(n, i, h, v, d, e);
    }
    d[i] = h;
  }
  accumulate(n, v, d);
  e[0] = 0;
}

/** One similarity transformation of the part above row i. */
function reduceRow(n: number, i: number, h: number, v: Float64Array, d: Float64Array, e: Float64Array): void {
  for (let j = 0; j < i; j += 1) e[j] = 0;
  for (let j = 0; j < i; j += 1) {
    const f = d[j] as number;
    v[j * n + i] = f;
    let g = (e[j] as number) + (v[j * n + j] as number) * f;
    for (let k = j + 1; k < i; k += 1) {
      const element = v[k * n + j] as number;
      g += element * (d[k] as number);
      e[k] = (e[k] as number) + element * f;
    }
    e[j] = g;
  }
  let f = 0;
  for (let j = 0; j < i; j += 1) {
    const scaled = (e[j] as number) / h;
    e[j] = scaled;
    f += scaled * (d[j] as number);
  }
  const half = f / (h + h);
  for (let j = 0; j < i; j += 1) e[j] = (e[j] as number) - half * (d[j] as number);
  for (let j = 0; j < i; j += 1) {
    const fj = d[j] as number;
    const gj = e[j] as number;
    for (let k = j; k < i; k += 1) {
      v[k * n + j] = (v[k * n + j] as number) - (fj * (e[k] as number) + gj * (d[k] as number));
    }
    d[j] = v[(i - 1) * n + j] as number;
    v[i * n + j] = 0;
  }
}

/** The product of the transformations. */
function accumulate(n: number, v: Float64Array, d: Float64Array): void {
  const last = n - 1;
  for (let i = 0; i < last; i += 1) {
    v[last * n + i] = v[i * n + i] as number;
    v[i * n + i] = 1;
    const h = d[i + 1] as number;
    if (h !== 0) {
      for (let k = 0; k <= i; k += 1) d[k] = (v[k * n + i + 1] as number) / h;
      for (let j = 0; j <= i; j += 1) {
        let g = 0;
        for (let k = 0; k <= i; k += 1) g += (v[k * n + i + 1] as number) * (v[k * n + j] as number);
        for (let k = 0; k <= i; k += 1) v[k * n + j] = (v[k * n + j] as number) - g * (d[k] as number);
      }
    }
    for (let k = 0; k <= i; k += 1) v[k * n + i + 1] = 0;
  }
  for (let j = 0; j < n; j += 1) {
    d[j] = v[last * n + j] as number;
    v[last * n + j] = 0;
  }
  v[last * n + last] = 1;
}

function diagonalize(n: number, v: Float64Array, d: Float64Array, e: Float64Array): boolean {
  for (let i = 1; i < n; i += 1) e[i - 1] = e[i] as number;
  e[n - 1] = 0;
  let shifted = 0;
  let largest = 0;
  for (let l = 0; l < n; l += 1) {
    largest = Math.max(largest, Math.abs(d[l] as number) + Math.abs(e[l] as number));
    let m = l;
    while (m < n - 1 && Math.abs(e[m] as number) > EPSILON * largest) m += 1;
    for (let steps = 0; m > l && Math.abs(e[l] as number) > EPSILON * largest; steps += 1) {
      if (steps === MAX_STEPS) return false;
      shifted += shift(n, l, d, e);
      rotate(n, l, m, v, d, e);
    }
    d[l] = (d[l] as number) + shifted;
    e[l] = 0;
  }
  return Number.isFinite(largest);
}

/** Moves the diagonal so that the eigenvalue at l comes near zero; returns by how much. */
function shift(n: number, l: number, d: Float64Array, e: Float64Array): number {
  const g = d[l] as number;
  const el = e[l] as number;
  const p = ((d[l + 1] as number) - g) / (2 * el);
  const r = p < 0 ? -length(p, 1) : length(p, 1);
  const low = el / (p + r);
  d[l] = low;
  d[l + 1] = el * (p + r);
  const by = g - low;
  for (let i = l + 2; i < n; i += 1) d[i] = (d[i] as number) - by;
  return by;
}

/** One implicit QL sweep from m down to l. */
function rotate(n: number, l: number, m: number, v: Float64Array, d: Float64Array, e: Float64Array): void {
  const dl1 = d[l + 1] as number;
  const el1 = e[l + 1] as number;
  let p = d[m] as number;
  let c = 1;
  let c2 = 1;
  let c3 = 1;
  let s = 0;
  let s2 = 0;
  for (let i = m - 1; i >= l; i -= 1) {
    c3 = c2;
    c2 = c;
    s2 = s;
    const ei = e[i] as number;
    const di = d[i] as number;
    const g = c * ei;
    const h = c * p;
    const r = length(p, ei);
    e[i + 1] = s * r;
    s = ei / r;
    c = p / r;
    p = c * di - s * g;
    d[i + 1] = h + s * (c * g + s * di);
    for (let k = 0; k < n; k += 1) {
      const at = k * n + i;
      const right = v[at + 1] as number;
      const left = v[at] as number;
      v[at + 1] = s * left + c * right;
      v[at] = c * left - s * right;
    }
  }
  p = (-s * s2 * c3 * el1 * (e[l] as number)) / dl1;
  e[l] = s * p;
  d[l] = c * p;
}

function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** Symmetric positive definite matrices, row by row in one array: A = L L'. Only the lower triangle is read or written. */

/** Puts L in the place of A. False when A is not positive definite. */
export function factorize(size: number, a: Float64Array): boolean {
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = a[row * size + column] as number;
      for (let k = 0; k < column; k += 1) {
        sum -= (a[row * size + k] as number) * (a[column * size + k] as number);
      }
      if (column < row) a[row * size + column] = sum / (a[column * size + column] as number);
      else if (sum > 0) a[row * size + row] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** Solves L x = b in place, for the first `count` rows. */
export function solveLower(size: number, l: Float64Array, b: Float64Array, count = size): void {
  for (let row = 0; row < count; row += 1) {
    let sum = b[row] as number;
    for (let k = 0; k < row; k += 1) sum -= (l[row * size + k] as number) * (b[k] as number);
    b[row] = sum / (l[row * size + row] as number);
  }
}

/** Solves L' x = b in place, for the first `count` rows. Goes along the rows of L, which lie together in memory. */
export function solveUpper(size: number, l: Float64Array, b: Float64Array, count = size): void {
  for (let row = count - 1; row >= 0; row -= 1) {
    const value = (b[row] as number) / (l[row * size + row] as number);
    b[row] = value;
    for (let k = 0; k < row; k += 1) b[k] = (b[k] as number) - (l[row * size + k] as number) * value;
  }
}

/** The lower triangle of A's inverse, from L. */
export function invert(size: number, l: Float64Array): Float64Array {
  // Columns of the inverse of L, each in a row of its own.
  const columns = new Float64Array(size * size);
  for (let column = 0; column < size; column += 1) {
    columns[column * size + column] = 1 / (l[column * size + column] as number);
    for (let row = column + 1; row < size; row += 1) {
      let sum = 0;
      for (let k = column; k < row; k += 1)
        sum -= (l[row * size + k] as number) * (columns[column * size + k] as number);
      columns[column * size + row] = sum / (l[row * size + row] as number);
    }
  }
  const inverse = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = 0;
      for (let k = row; k < size; k += 1) {
        sum += (columns[row * size + k] as number) * (columns[column * size + k] as number);
      }
      inverse[row * size + column] = sum;
    }
  }
  return inverse;
}

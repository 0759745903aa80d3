/** The actor of the `comedy` library, which loads CommonJS modules. */
let count = 0;

module.exports = class Counter {
  reflect(value: unknown): unknown {
    return value;
  }
  count(): void {
    count += 1;
  }
  reset(): void {
    count = 0;
  }
  total(): number {
    return count;
  }
};

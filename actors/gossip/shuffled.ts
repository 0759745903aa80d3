/** A copy in random order (Fisher and Yates), by the actor's own randomness, so that a simulation repeats it. */
export function shuffled<T>(items: readonly T[], source: { randomBytes(length: number): Uint8Array }): T[] {
  const result = [...items];
  const bytes = source.randomBytes(4 * result.length);
  const draws = new DataView(bytes.slice().buffer);
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = draws.getUint32(4 * index) % (index + 1);
    const moved = result[index] as T;
    result[index] = result[other] as T;
    result[other] = moved;
  }
  return result;
}

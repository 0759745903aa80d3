/** Coins as people write them, decimal, exact to the unit. No float ever stands between the text and the units. */

export const UNITS_PER_COIN = 100_000_000;
const DECIMALS = 8;

/** Units of an amount such as `12`, `0.5` or `0.00000001`; null when the text is no such amount. */
export function parseCoins(text: string): number | null {
  const parts = /^(?<whole>\d{1,10})(?:\.(?<fraction>\d{1,8}))?$/.exec(text)?.groups;
  if (parts === undefined) return null;
  const units = Number(BigInt(`${parts.whole}${(parts.fraction ?? '').padEnd(DECIMALS, '0')}`));
  return Number.isSafeInteger(units) ? units : null;
}

/** Always with all decimals, so that columns line up and every text parses back to its units. */
export function formatCoins(units: number): string {
  const digits = Math.abs(units)
    .toString()
    .padStart(DECIMALS + 1, '0');
  return `${units < 0 ? '-' : ''}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}

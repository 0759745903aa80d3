// Numbers, times and ids as short texts. Pure.

/** @param {unknown} id */
export const short = (id) => (typeof id === 'string' ? id.slice(0, 8) : '–');

/** PeerIds share their first letters; what tells them apart comes last. @param {string} id */
export const shortPeer = (id) => (id.length > 12 ? `…${id.slice(-8)}` : id);

/** @param {unknown} value */
export function performanceText(value) {
  if (typeof value !== 'number') return '–';
  const size = Math.abs(value);
  return size >= 1e6 || (size !== 0 && size < 1e-4) ? value.toExponential(3) : value.toFixed(4);
}

/** Figures that a performance is read beside, by name. @param {Readonly<Record<string, number>> | undefined} figures */
export function besideText(figures) {
  const texts = Object.entries(figures ?? {}).map(([name, value]) => `${name} ${performanceText(value)}`);
  return texts.length === 0 ? 'real data nobody trains on' : texts.join(', ');
}

/** A value of a parameter: four digits that matter. @param {unknown} value */
export function valueText(value) {
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
/** @param {number} value */
export const countText = (value) => whole.format(value);

/** @param {number} value */
export const coinsText = (value) => (value === 0 ? '0' : value.toFixed(value < 1 ? 4 : 2));

/** @param {number | null | undefined} ms */
export function durationText(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1) return ms === 0 ? '0 ms' : `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 120) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** @param {number} timestampMs @param {number} [nowMs] */
export function agoText(timestampMs, nowMs = Date.now()) {
  const ms = nowMs - timestampMs;
  return ms < 5000 ? 'just now' : `${durationText(ms)} ago`;
}

/** @param {number} timestampMs */
export const clockText = (timestampMs) => new Date(timestampMs).toLocaleTimeString([], { hour12: false });

/** @param {number} bytes */
export const bytesText = (bytes) => `${Math.round(bytes / 1048576)} MB`;

/** @param {number} fraction */
export const percentText = (fraction) => `${Math.round(fraction * 100)} %`;

/** One of many: `1 peer`, `2 peers`. @param {number} count @param {string} noun */
export const plural = (count, noun) => `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;

// From what the node answers to what a plot draws. Pure.

/**
 * @typedef {{ round: number, timestamp_ms: number, performance: number }} Point
 * @typedef {{ verified: number, reported: number, timestamp_ms: number }} Accepted
 * @typedef {{ trials: readonly Point[], improvements: readonly Point[], accepted: readonly Accepted[] }} Convergence
 */

/**
 * Rounds begin at 1 again with each experiment; counted on, they become one axis for all.
 * @param {readonly Point[]} points in order of time
 */
function countedOn(points) {
  let offset = 0;
  let last = 0;
  return points.map((point) => {
    if (point.round < last) offset += last;
    last = point.round;
    return { ...point, at: offset + point.round };
  });
}

/** @param {readonly Point[]} spread @param {readonly Point[]} improvements */
function merged(spread, improvements) {
  const byKey = new Map([...spread, ...improvements].map((point) => [`${point.timestamp_ms}:${point.round}`, point]));
  return [...byKey.values()].sort((a, b) => a.timestamp_ms - b.timestamp_ms || a.round - b.round);
}

/**
 * Columns for uPlot: x, each trial, best of this node so far, verified best of the network so far.
 * @param {Convergence} convergence
 * @param {{ maximize: boolean, axis: 'time' | 'round', nowMs: number }} options
 */
export function convergenceColumns({ trials, improvements, accepted }, { maximize, axis, nowMs }) {
  const better = maximize ? Math.max : Math.min;
  const points = countedOn(merged(trials, improvements));
  /** Where a moment lies on the axis: at the last round that had ended by then. @param {number} timestampMs */
  const place = (timestampMs) => {
    if (axis === 'time') return timestampMs / 1000;
    const before = points.findLast((point) => point.timestamp_ms <= timestampMs);
    return before?.at ?? 0;
  };
  const rows = [
    ...points.map((point) => ({ timestampMs: point.timestamp_ms, trial: point.performance, at: point.at })),
    ...accepted.map((optimum) => ({ timestampMs: optimum.timestamp_ms, verified: optimum.verified, at: null })),
  ].sort((a, b) => a.timestampMs - b.timestampMs);
  const byX = new Map();
  let best = null;
  let verified = null;
  for (const row of rows) {
    if ('trial' in row) best = best === null ? row.trial : better(best, row.trial);
    else verified = verified === null ? row.verified : better(verified, row.verified);
    const x = axis === 'round' && row.at !== null ? row.at : place(row.timestampMs);
    const trial = 'trial' in row ? row.trial : (byX.get(x)?.trial ?? null);
    byX.set(x, { trial, best, verified });
  }
  if (axis === 'time' && rows.length > 0) byX.set(nowMs / 1000, { trial: null, best, verified });
  const xs = [...byX.keys()].sort((a, b) => a - b);
  const column = (name) => xs.map((x) => byX.get(x)[name]);
  return [xs, column('trial'), column('best'), column('verified')];
}

/**
 * The part of a scale worth looking at: early failures would press everything else into a line at its edge.
 * @param {readonly (readonly (number | null)[])[]} columns as above
 */
export function focusedRange([, trials, best, verified], maximize) {
  const values = trials.filter((value) => value !== null && Number.isFinite(value)).sort((a, b) => a - b);
  const lines = [...best, ...verified].filter((value) => value !== null && Number.isFinite(value));
  const all = [...lines.slice(-1), ...values];
  if (all.length === 0) return [0, 1];
  const quantile = (fraction) => values[Math.min(values.length - 1, Math.floor(values.length * fraction))];
  const low = values.length === 0 ? Math.min(...lines) : maximize ? quantile(0.1) : values[0];
  const high = values.length === 0 ? Math.max(...lines) : maximize ? values.at(-1) : quantile(0.9);
  const from = Math.min(low, ...lines.slice(-50));
  const to = Math.max(high, ...lines.slice(-50));
  const margin = (to - from || Math.abs(to) || 1) * 0.06;
  return [from - margin, to + margin];
}

// What a parameter has to do with the performance. Rank statistics: they do not change with the scale of a parameter
// or of the metric, and one diverged run does not decide them. Pure.

const BINS = 8;
/** Below this a number would say more about chance than about the parameter. */
export const MIN_TRIALS = 20;

/** Ranks from 1; equal values share the mean of theirs. @param {readonly number[]} values */
export function ranks(values) {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const result = new Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]] === values[order[from]]) to += 1;
    for (let at = from; at <= to; at += 1) result[order[at]] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return result;
}

/** Spearman's rho; null when one side does not vary. @param {readonly number[]} left @param {readonly number[]} right */
export function rankCorrelation(left, right) {
  const a = ranks(left);
  const b = ranks(right);
  const mean = (left.length + 1) / 2;
  let both = 0;
  let varianceA = 0;
  let varianceB = 0;
  for (const [index, rank] of a.entries()) {
    both += (rank - mean) * (b[index] - mean);
    varianceA += (rank - mean) ** 2;
    varianceB += (b[index] - mean) ** 2;
  }
  return varianceA === 0 || varianceB === 0 ? null : both / Math.sqrt(varianceA * varianceB);
}

/**
 * Share of the variance of the performance's ranks that the groups explain (eta squared), adjusted for their number so
 * that a parameter without effect gets about 0. @param {readonly string[]} groups @param {readonly number[]} values
 */
export function mainEffect(groups, values) {
  const scores = ranks(values);
  const mean = (values.length + 1) / 2;
  const sums = new Map();
  let total = 0;
  for (const [index, group] of groups.entries()) {
    const entry = sums.get(group) ?? { count: 0, sum: 0 };
    sums.set(group, { count: entry.count + 1, sum: entry.sum + scores[index] });
    total += (scores[index] - mean) ** 2;
  }
  const count = values.length;
  if (total === 0 || sums.size < 2 || count <= sums.size) return 0;
  let between = 0;
  for (const entry of sums.values()) between += entry.count * (entry.sum / entry.count - mean) ** 2;
  const adjusted = 1 - ((1 - between / total) * (count - 1)) / (count - sums.size);
  return Math.max(0, adjusted);
}

/** Eighths of the trials by value; equal values stay together. @param {readonly number[]} values */
export function quantileGroups(values) {
  const scores = ranks(values);
  return scores.map((rank) => String(Math.min(BINS - 1, Math.floor(((rank - 1) * BINS) / values.length))));
}

/**
 * Of every parameter that varies, strongest first.
 * @param {readonly { parameters: Record<string, number | string>, performance: number }[]} trials
 */
export function importance(trials) {
  if (trials.length < MIN_TRIALS) return [];
  const names = [...new Set(trials.flatMap(({ parameters }) => Object.keys(parameters)))];
  return names
    .map((name) => {
      const having = trials.filter(({ parameters }) => parameters[name] !== undefined);
      const performances = having.map(({ performance }) => performance);
      const values = having.map(({ parameters }) => parameters[name]);
      const numbers = values.filter((value) => typeof value === 'number');
      const isNumeric = numbers.length === values.length;
      return {
        name,
        effect: mainEffect(isNumeric ? quantileGroups(numbers) : values.map(String), performances),
        correlation: isNumeric ? rankCorrelation(numbers, performances) : null,
      };
    })
    .sort((a, b) => b.effect - a.effect);
}

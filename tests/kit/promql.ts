/** Checks PromQL against a page of metrics: does it parse, and is what it selects and groups by really there? */
import { parser } from '@prometheus-io/lezer-promql';

/** Labels that the server adds when it scrapes. */
const SCRAPED = ['instance', 'job'];

/** Labels by the name of a sample; families without samples have none here. */
export function metricsOf(page: string): ReadonlyMap<string, ReadonlySet<string>> {
  const metrics = new Map<string, Set<string>>();
  for (const line of page.split('\n')) {
    const announced = /^# TYPE (\S+) (?:counter|gauge)$/.exec(line)?.[1];
    if (announced !== undefined) metrics.set(announced, new Set());
    const [, name, labels] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = metrics.get(name) ?? new Set();
    for (const [, label = ''] of (labels ?? '').matchAll(/([a-z_]+)="/g)) known.add(label);
    metrics.set(name, known);
  }
  return metrics;
}

export function problemsOf(query: string, metrics: ReturnType<typeof metricsOf>): readonly string[] {
  const problems: string[] = [];
  const names: string[] = [];
  const labels: string[] = [];
  parser.parse(query).iterate({
    enter({ name, from, to, type }) {
      const text = query.slice(from, to);
      if (type.isError) problems.push(`does not parse at ${from}: ${query}`);
      else if (name === 'VectorSelector') names.push(/^[a-z_]+/.exec(text)?.[0] ?? text);
      else if (name === 'LabelName') labels.push(text);
    },
  });
  const known = new Set(SCRAPED);
  for (const name of names) {
    const own = metrics.get(name);
    if (own === undefined) problems.push(`there is no metric ${name}: ${query}`);
    for (const label of own ?? []) known.add(label);
  }
  // A family of which nothing has happened yet shows no labels.
  if (names.some((name) => metrics.get(name)?.size === 0)) return problems;
  return [...problems, ...labels.filter((label) => !known.has(label)).map((label) => `no label ${label}: ${query}`)];
}

/** When the nodes of a devnet agree, and how the outcome is told. */
import type { StatusJson } from '../http/status.js';
import { formatPerformance, shortId, table } from './format.js';

/** The last line of `doin devnet --json`. */
export interface DevnetResult {
  readonly agreed: boolean;
  readonly nodes: readonly DevnetNodeResult[];
}

export interface DevnetNodeResult {
  readonly node_id: string;
  readonly chain_height: number;
  readonly tip_hash: string;
  readonly accepted: number;
  /** Best optimum of the first domain, as this node's chain has it. */
  readonly champion: string | null;
  readonly best_performance: number | null;
}

/** All `expected` nodes answer, share one head and have no unfinished business. */
export function hasSettled(statuses: readonly StatusJson[], expected: number): boolean {
  const [first] = statuses;
  if (first === undefined || statuses.length < expected) return false;
  return statuses.every((status) => status.tip_hash === first.tip_hash && !status.busy && status.mempool === 0);
}

export function resultOf(statuses: readonly StatusJson[], expected: number): DevnetResult {
  const nodes = statuses.map((status) => ({
    node_id: status.node_id,
    chain_height: status.chain_height,
    tip_hash: status.tip_hash,
    accepted: status.optimae.accepted,
    champion: status.domains[0]?.champion ?? null,
    best_performance: status.domains[0]?.best_performance ?? null,
  }));
  const [first] = nodes;
  const agreed =
    first !== undefined &&
    nodes.length === expected &&
    nodes.every((node) => node.tip_hash === first.tip_hash && node.champion === first.champion);
  return { agreed, nodes };
}

export function resultText(result: DevnetResult): string {
  const rows = result.nodes.map((node, index) => [
    String(index + 1),
    shortId(node.node_id),
    String(node.chain_height),
    shortId(node.tip_hash),
    String(node.accepted),
    node.champion === null ? '-' : shortId(node.champion),
    formatPerformance(node.best_performance),
  ]);
  const header = ['NODE', 'ID', 'HEIGHT', 'TIP', 'ACCEPTED', 'CHAMPION', 'VERIFIED BEST'];
  return `${table(header, rows)}\nagreed: ${result.agreed ? 'yes' : 'no'}`;
}

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

/**
 * All `expected` nodes answer in full, share one head and have no unfinished business: no open seats, nothing to put
 * into a block, and no confirmation run whose reveal would follow.
 */
export function isQuiet(statuses: readonly StatusJson[], expected: number): boolean {
  const [first] = statuses;
  if (first === undefined || statuses.length < expected) return false;
  return statuses.every(
    (status) =>
      status.tip_hash === first.tip_hash &&
      !status.busy &&
      status.mempool === 0 &&
      status.unavailable.length === 0 &&
      status.domains.every((domain) => domain.local?.state !== 'confirming'),
  );
}

/**
 * Takes one poll after the other and says when the network has settled: quiet on the same head twice in a row. Once
 * is not enough, because the nodes are not asked at one instant: a message may be under way between two answers.
 */
export class SettleWatch {
  readonly #expected: number;
  #quietHead: string | null = null;

  constructor(expected: number) {
    this.#expected = expected;
  }

  settled(statuses: readonly StatusJson[]): boolean {
    const before = this.#quietHead;
    this.#quietHead = isQuiet(statuses, this.#expected) ? (statuses[0]?.tip_hash ?? null) : null;
    return this.#quietHead !== null && this.#quietHead === before;
  }
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

/**
 * Anchor points: every `anchorInterval` blocks the chain keeps {height, hash, state root} of a block, for its members to
 * write into ledgers outside, and the members' word of where they wrote it. The writing and the checking against what
 * was written are no rules; runtime/anchors does them.
 */
import { array, hash32, struct, text } from '../../runtime/codec/canonical.js';
import type { Execution } from './execution.js';
import { LIMITS } from './limits.js';
import { type EntryKind, GLOBALS, type State } from './state/state.js';
import type { Refusal } from './transactions/refusal.js';
import type { Hash, NodeId, TransactionBody } from './types.js';

/** A block this deep may be anchored: what is written outside cannot be taken back. The design's confirmation depth. */
export const ANCHOR_DEPTH = 6;

export interface AnchorPoint {
  readonly hash: Hash;
  /** Of the state after the block. */
  readonly stateRoot: Hash;
  readonly records: readonly { readonly by: NodeId; readonly ledger: string; readonly reference: string }[];
}

/** By height, in decimal. The newest `LIMITS.anchorPoints` are kept. */
export const ANCHOR_POINT: EntryKind<AnchorPoint> = {
  prefix: 'anchor-point',
  codec: struct({
    hash: hash32,
    stateRoot: hash32,
    records: array(
      struct({ by: hash32, ledger: text(LIMITS.anchorLedgerBytes), reference: text(LIMITS.anchorReferenceBytes) }),
      LIMITS.anchorRecordsPerPoint,
    ),
  }),
};

/** Called first in every block: a block's hash is known to the state from its child on. */
export function noteAnchorPoint(execution: Execution, parent: { readonly hash: Hash; readonly state: State }): void {
  const { height } = parent.state.require(GLOBALS);
  const { anchorInterval } = execution.genesis.parameters;
  if (height === 0 || height % anchorInterval !== 0) return;
  const outdated = height - LIMITS.anchorPoints * anchorInterval;
  execution.state = execution.state
    .set(ANCHOR_POINT, String(height), { hash: parent.hash, stateRoot: parent.state.root(), records: [] })
    .delete(ANCHOR_POINT, String(outdated));
}

type AnchorRecord = Extract<TransactionBody, { type: 'anchor-record' }>;

const LEDGER = /^[a-z0-9-]+$/;
/** Printable ASCII without spaces: it is shown to people and pasted into other programs. */
const REFERENCE = /^[\x21-\x7e]+$/;

/** A member says where he wrote an anchor. Once for each ledger and point; what he says, anyone can look up. */
export function applyAnchorRecord(execution: Execution, sender: NodeId, record: AnchorRecord): Refusal | null {
  const { height, hash, ledger, reference } = record;
  if (!LEDGER.test(ledger) || !REFERENCE.test(reference)) return { code: 'malformed-anchor' };
  if (execution.reputationMicro(sender) < execution.genesis.parameters.reputation.minimumMicro) {
    return { code: 'not-a-member', later: true };
  }
  if (execution.block.height < height + ANCHOR_DEPTH) return { code: 'anchor-too-early', later: true };
  const point = execution.state.get(ANCHOR_POINT, String(height));
  if (point === undefined) return { code: 'unknown-anchor-point' };
  if (point.hash !== hash) return { code: 'anchor-contradicts-chain' };
  if (point.records.some((other) => other.by === sender && other.ledger === ledger)) {
    return { code: 'duplicate-anchor-record' };
  }
  if (point.records.length >= LIMITS.anchorRecordsPerPoint) return { code: 'too-many-anchor-records' };
  const records = [...point.records, { by: sender, ledger, reference }];
  execution.state = execution.state.set(ANCHOR_POINT, String(height), { ...point, records });
  const { stateRoot } = point;
  execution.records.push({ type: 'ANCHORED', height, hash, stateRoot, ledger, reference, by: sender });
  return null;
}

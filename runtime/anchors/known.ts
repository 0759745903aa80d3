/** Reads all ledgers of a node before it follows any chain. */
import { isDoinError } from '../errors.js';
import { type AnchorLedger, anchorError, type WrittenAnchor } from './ledger.js';
import type { AnchorNotes } from './notes.js';

/** A block that a chain must have at this height to be followed. */
export interface KnownAnchor {
  readonly height: number;
  readonly hash: string;
  readonly stateRoot: string;
  /** Who says so, for messages. */
  readonly ledger: string;
}

/**
 * Lowest first, one for each height. A ledger that cannot be reached is stood in for by what this node saw in it before,
 * with a warning: a network that is down must not stop a node whose chain was checked yesterday. One that was changed,
 * or that contradicts another, is an error.
 */
export async function readAnchors(
  ledgers: readonly AnchorLedger[],
  notes: AnchorNotes,
  warn: (message: string) => void,
): Promise<readonly KnownAnchor[]> {
  const byHeight = new Map<number, KnownAnchor>();
  for (const ledger of ledgers) {
    for (const { height, hash, stateRoot } of await anchorsIn(ledger, notes, warn)) {
      const known = byHeight.get(height);
      if (known !== undefined && known.hash !== hash) {
        const problem = `says ${hash} of block ${height}, and ${known.ledger} says ${known.hash}`;
        throw anchorError(
          'anchor-contradicted',
          ledger,
          `${problem}; find out which one is right and take the other out of the config`,
        );
      }
      byHeight.set(height, { height, hash, stateRoot, ledger: `${ledger.kind} ${ledger.place}` });
    }
  }
  return [...byHeight.values()].sort((a, b) => a.height - b.height);
}

async function anchorsIn(
  ledger: AnchorLedger,
  notes: AnchorNotes,
  warn: (message: string) => void,
): Promise<readonly WrittenAnchor[]> {
  try {
    const anchors = await ledger.read();
    await notes.update(ledger, anchors);
    return anchors;
  } catch (error) {
    if (!isDoinError(error, 'anchor-ledger-unreachable')) throw error;
    const noted = notes.of(ledger);
    warn(`${error.message}; going on with the ${noted.length} anchors that this node saw there before`);
    return noted;
  }
}

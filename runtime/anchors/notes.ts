/**
 * What this node saw in its ledgers, kept in the data folder: a ledger that later lacks any of it was cut, and one that
 * cannot be reached is stood in for.
 */
import { z } from 'zod';
import type { StateFile } from '../storage/state-file.js';
import { type Anchor, type AnchorLedger, anchorError, type WrittenAnchor } from './ledger.js';

/** For each ledger; older ones follow from newer ones, as every block names its parent. */
const KEPT = 256;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const anchorSchema = z.strictObject({
  chainId: z.string(),
  genesisHash: hash,
  height: z.int().min(1),
  hash,
  stateRoot: hash,
  reference: z.string().max(128),
});
const schema = z.record(z.string(), z.array(anchorSchema).max(KEPT));

export class AnchorNotes {
  readonly #file: StateFile;
  readonly #byLedger: Map<string, readonly WrittenAnchor[]>;

  private constructor(file: StateFile, byLedger: Map<string, readonly WrittenAnchor[]>) {
    this.#file = file;
    this.#byLedger = byLedger;
  }

  /** Notes that do not read are started anew: they only add to what the ledgers say. */
  static async open(file: StateFile): Promise<AnchorNotes> {
    const parsed = schema.safeParse(await file.load());
    return new AnchorNotes(file, new Map(parsed.success ? Object.entries(parsed.data) : []));
  }

  of(ledger: AnchorLedger): readonly WrittenAnchor[] {
    return this.#byLedger.get(idOf(ledger)) ?? [];
  }

  last(ledger: AnchorLedger): WrittenAnchor | undefined {
    return this.of(ledger).at(-1);
  }

  /** Takes over what a ledger says now. Throws `anchor-ledger-damaged` when it lacks or changed what it said before. */
  async update(ledger: AnchorLedger, anchors: readonly WrittenAnchor[]): Promise<void> {
    const now = new Map(anchors.map((anchor) => [anchor.height, anchor]));
    for (const noted of this.of(ledger)) {
      const { height, hash: before } = noted;
      const after = now.get(height)?.hash;
      if (after === before) continue;
      const problem = `it said ${before} of block ${height}, and now ${after ?? 'nothing'}`;
      throw anchorError(
        'anchor-ledger-damaged',
        ledger,
        `${problem}; restore it, or move anchors.json out of data_dir to trust it as it is`,
      );
    }
    await this.#keep(ledger, anchors);
  }

  add(ledger: AnchorLedger, anchor: Anchor, reference: string): Promise<void> {
    return this.#keep(ledger, [...this.of(ledger), { ...anchor, reference }]);
  }

  #keep(ledger: AnchorLedger, anchors: readonly WrittenAnchor[]): Promise<void> {
    this.#byLedger.set(idOf(ledger), anchors.slice(-KEPT));
    return this.#file.save(Object.fromEntries(this.#byLedger));
  }
}

function idOf({ kind, place }: AnchorLedger): string {
  return `${kind} ${place}`;
}

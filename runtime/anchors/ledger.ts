/**
 * What a ledger outside of the chain must offer so that blocks can be anchored in it, and the words of an anchor. A
 * ledger is independent when whoever could rewrite the chain cannot rewrite the ledger; which of them are, the owner of
 * the node decides.
 */
import { z } from 'zod';
import { DoinError } from '../errors.js';

/** A block that the network had at this height, for everybody to compare with later. */
export interface Anchor {
  readonly chainId: string;
  readonly genesisHash: string;
  readonly height: number;
  readonly hash: string;
  /** Of the state after the block: what a snapshot is checked against. */
  readonly stateRoot: string;
}

export interface WrittenAnchor extends Anchor {
  /** What finds it in its ledger: printable ASCII, at most 128 characters. */
  readonly reference: string;
}

export interface AnchorLedger {
  /** `file`, `git`, `ethereum`: what records on the chain call it. */
  readonly kind: string;
  /** Which one, for messages. */
  readonly place: string;
  /**
   * Everything it holds about this chain, lowest first. Throws `anchor-ledger-damaged` when something in it was changed
   * after it was written, `anchor-ledger-unreachable` when it cannot be read now.
   */
  read(): Promise<readonly WrittenAnchor[]>;
  /** Returns its reference once it is there to stay; writing what is there already gives the reference it has. */
  write(anchor: Anchor): Promise<string>;
}

export type AnchorErrorCode = 'anchor-ledger-damaged' | 'anchor-ledger-unreachable' | 'anchor-contradicted';

export function anchorError(
  code: AnchorErrorCode,
  ledger: Pick<AnchorLedger, 'kind' | 'place'>,
  problemAndFix: string,
  cause?: unknown,
): DoinError<{ code: AnchorErrorCode; ledger: string; place: string }> {
  const { kind, place } = ledger;
  const options = cause === undefined ? {} : { cause };
  return new DoinError({ code, ledger: kind, place }, `anchors: ${kind} ${place}: ${problemAndFix}`, options);
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z.strictObject({
  chain_id: z.string().min(1).max(32),
  genesis: hash,
  height: z.int().min(1),
  block: hash,
  state_root: hash,
});

/** One JSON object, always with the same bytes for the same anchor. */
export function anchorText({ chainId, genesisHash, height, hash: block, stateRoot }: Anchor): string {
  return JSON.stringify({ chain_id: chainId, genesis: genesisHash, height, block, state_root: stateRoot });
}

/** Null when the text is anything but what `anchorText` writes. */
export function parseAnchor(text: string): Anchor | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) return null;
  const { chain_id: chainId, genesis: genesisHash, height, block, state_root: stateRoot } = parsed.data;
  const anchor = { chainId, genesisHash, height, hash: block, stateRoot };
  return anchorText(anchor) === text ? anchor : null;
}

/** The one at this height. A ledger that names two blocks for one height says nothing, so it is damaged. */
export function anchorsOf<A extends Anchor>(
  ledger: Pick<AnchorLedger, 'kind' | 'place'>,
  chain: Pick<Anchor, 'chainId' | 'genesisHash'>,
  anchors: readonly A[],
): readonly A[] {
  const byHeight = new Map<number, A>();
  for (const anchor of anchors) {
    if (anchor.chainId !== chain.chainId || anchor.genesisHash !== chain.genesisHash) continue;
    const other = byHeight.get(anchor.height);
    if (other !== undefined && other.hash !== anchor.hash) {
      const both = `block ${anchor.height} is ${other.hash} and ${anchor.hash}`;
      throw anchorError(
        'anchor-ledger-damaged',
        ledger,
        `${both}; find out which one is right and use a ledger that holds only it`,
      );
    }
    if (other === undefined) byHeight.set(anchor.height, anchor);
  }
  return [...byHeight.values()].sort((a, b) => a.height - b.height);
}

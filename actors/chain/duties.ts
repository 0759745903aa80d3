/**
 * What this node has signed and must never sign differently: the slot of its last block, and its last attestation.
 * Saved before it is used, so that no crash makes a node contradict itself. An honest node is punished otherwise.
 */
import { DoinError } from '../../runtime/errors.js';
import type { StateFile } from '../../runtime/storage/state-file.js';
import type { Attestation, Checkpoint, Hash } from './types.js';

interface Saved {
  /** Slots and heights of another chain say nothing here. */
  readonly genesisHash: Hash;
  readonly proposedSlot: number;
  readonly attestation: Attestation | null;
}

export class Duties {
  readonly #file: StateFile;
  #saved: Saved;

  private constructor(file: StateFile, saved: Saved) {
    this.#file = file;
    this.#saved = saved;
  }

  static async open(file: StateFile, genesisHash: Hash): Promise<Duties> {
    const loaded = await file.load();
    if (loaded !== null && !isSaved(loaded)) {
      throw new DoinError(
        { code: 'duties-corrupt' },
        'data_dir: duties.json is not what this node writes; move it away, and let some minutes pass before you start',
      );
    }
    const ours = loaded !== null && loaded.genesisHash === genesisHash;
    return new Duties(file, ours ? loaded : { genesisHash, proposedSlot: 0, attestation: null });
  }

  get attestation(): Attestation | null {
    return this.#saved.attestation;
  }

  mayPropose(slot: number): boolean {
    return slot > this.#saved.proposedSlot;
  }

  proposing(slot: number): Promise<void> {
    return this.#save({ ...this.#saved, proposedSlot: slot });
  }

  attesting(attestation: Attestation): Promise<void> {
    return this.#save({ ...this.#saved, attestation });
  }

  #save(saved: Saved): Promise<void> {
    this.#saved = saved;
    return this.#file.save(saved);
  }
}

function isSaved(value: unknown): value is Saved {
  const { genesisHash, proposedSlot, attestation } = (value ?? {}) as Partial<Record<keyof Saved, unknown>>;
  return (
    typeof genesisHash === 'string' &&
    Number.isSafeInteger(proposedSlot) &&
    (attestation === null || isAttestation(attestation))
  );
}

function isAttestation(value: unknown): value is Attestation {
  const { source, target } = (value ?? {}) as Partial<Record<keyof Attestation, unknown>>;
  return isCheckpoint(source) && isCheckpoint(target);
}

function isCheckpoint(value: unknown): value is Checkpoint {
  const { height, hash } = (value ?? {}) as Partial<Record<keyof Checkpoint, unknown>>;
  return Number.isSafeInteger(height) && typeof hash === 'string';
}

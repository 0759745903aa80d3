/** A chain of empty blocks without signatures: finality alone, thousands of blocks a second. */
import { Execution } from '../../actors/chain/execution.js';
import { countAttestations, enterCheckpoint } from '../../actors/chain/finality/rules.js';
import { type Genesis, genesisHash, genesisState } from '../../actors/chain/genesis.js';
import { FINALITY, type FinalityState } from '../../actors/chain/state/finality.js';
import { GLOBALS, type State } from '../../actors/chain/state/state.js';
import { applyAttest } from '../../actors/chain/transactions/attest.js';
import type { Attestation, ChainRecord, NodeId } from '../../actors/chain/types.js';
import { toUtf8 } from '../../runtime/codec/bytes.js';
import { hash } from '../../runtime/crypto/hash.js';

export interface Signed {
  readonly node: NodeId;
  readonly attestation: Attestation;
}

export class CheckpointChain {
  readonly genesis: Genesis;
  state: State;
  /** By height; index 0 is the genesis. */
  readonly hashes: string[];
  readonly records: ChainRecord[] = [];
  readonly included: Signed[] = [];

  constructor(genesis: Genesis, from?: CheckpointChain) {
    this.genesis = genesis;
    this.state = from?.state ?? genesisState(genesis);
    this.hashes = [...(from?.hashes ?? [genesisHash(genesis)])];
    this.included.push(...(from?.included ?? []));
  }

  get finality(): FinalityState {
    return this.state.require(FINALITY);
  }

  get height(): number {
    return this.hashes.length - 1;
  }

  fork(): CheckpointChain {
    return new CheckpointChain(this.genesis, this);
  }

  /** One more block with these attestations; returns the code of each that was refused, null for the others. */
  add(attestations: readonly Signed[], branch = 'main'): (string | null)[] {
    const height = this.hashes.length;
    const { timestampMs, beacon } = this.state.require(GLOBALS);
    const facts = { height, slot: height, timestampMs: timestampMs + 1_000, beacon };
    const execution = new Execution(this.state, this.genesis, { ...facts, proposer: '' });
    enterCheckpoint(execution, this.hashes[height - 1]!);
    execution.updateGlobals(facts);
    const codes = attestations.map((signed) => {
      const code = applyAttest(execution, signed.node, signed.attestation)?.code ?? null;
      if (code === null) this.included.push(signed);
      return code;
    });
    countAttestations(execution);
    this.state = execution.state;
    this.records.push(...execution.records);
    this.hashes.push(hash('doin/header', [toUtf8(`${branch} ${this.hashes[height - 1]}`)]));
    return codes;
  }
}

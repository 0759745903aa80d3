/** Makes small real chains for tests: keys from names, genesis files, signed transactions and blocks. */
import { createHash } from 'node:crypto';
import { blockCodec, headerSigningBytes, transactionSigningBytes } from '../../actors/chain/codec.js';
import { mayBeUnpaid, NO_FEE } from '../../actors/chain/fees.js';
import { nextAttestation } from '../../actors/chain/finality/voting.js';
import {
  type ChainParameters,
  domainHash,
  type Genesis,
  genesisHash,
  genesisState,
  LOCAL_PARAMETERS,
} from '../../actors/chain/genesis.js';
import { opensAtMs, proposersOf, vrfInput } from '../../actors/chain/schedule.js';
import { ACCOUNT, GLOBALS, NEW_ACCOUNT, type SeatState } from '../../actors/chain/state/state.js';
import { commitmentOf, optimumIdOf } from '../../actors/chain/transactions/commit.js';
import { type Applied, applyBlock, type Built, buildBlock, type Tip } from '../../actors/chain/transition.js';
import type {
  Block,
  ChainRecord,
  Fee,
  Seat,
  SeatMeasurement,
  Transaction,
  TransactionBody,
} from '../../actors/chain/types.js';
import { strictVerifier, type Verifier } from '../../actors/chain/verifier.js';
import { traceDigestOf } from '../../actors/quorum/rules.js';
import { quadraticSpec } from '../../gpu-workers/domains/quadratic/spec.js';
import type { DomainSpec, Evidence, Measurement } from '../../gpu-workers/types.js';
import { toHex } from '../../runtime/codec/bytes.js';
import { encode } from '../../runtime/codec/canonical.js';
import { type KeyPair, keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { vrfProve } from '../../runtime/crypto/vrf.js';
import { NANO } from '../../runtime/fixed/nano.js';

export const START_MS = 1_800_000_000_000;
export const DOMAIN_ID = 'quadratic';

export function keyOf(name: string): KeyPair {
  return keyPairFromSeed(createHash('sha256').update(name).digest());
}

/** Any number is a good stamp. */
const EASY: ChainParameters['stake'] = { ...LOCAL_PARAMETERS.stake, stampBits: 0 };

/** For tests about other things: what the quorum says is settled in the same block. */
const NO_WINDOW: ChainParameters['challenge'] = {
  ...LOCAL_PARAMETERS.challenge,
  windowBlocks: 0,
  auditLargeNano: 0,
  auditSmallNano: 0,
  shadowSeats: 0,
};

export function makeGenesis(
  members: readonly string[],
  change: {
    solo?: boolean;
    parameters?: Partial<ChainParameters>;
    chainId?: string;
    domain?: Partial<DomainSpec>;
  } = {},
): Genesis {
  return {
    chainId: change.chainId ?? 'test',
    timestampMs: START_MS,
    solo: change.solo ?? false,
    parameters: { ...LOCAL_PARAMETERS, challenge: NO_WINDOW, stake: EASY, ...change.parameters },
    domains: [
      {
        ...quadraticSpec(2),
        baselineNano: -420 * NANO,
        incrementScaleNano: 10 * NANO,
        toleranceFloorNano: NANO,
        ...change.domain,
      },
    ],
    members: members.map((name) => ({
      nodeId: keyOf(name).publicKey,
      reputationMicro: 10_000_000,
      evaluates: [DOMAIN_ID],
    })),
  };
}

/** None where none is needed, else the least there is. */
export function usualFee(body: TransactionBody): Fee {
  return mayBeUnpaid(body) ? NO_FEE : MINIMUM_FEE;
}
const MINIMUM_FEE: Fee = { maxUnits: LOCAL_PARAMETERS.fees.minimumBaseUnits, tipUnits: 0 };

/** Signs for a named node. */
export function sign(
  genesis: Genesis,
  name: string,
  nonce: number,
  body: TransactionBody,
  fee: Fee = usualFee(body),
): Transaction {
  const key = keyOf(name);
  const unsigned = { sender: key.publicKey, nonce, fee, body };
  return { ...unsigned, signature: key.sign(transactionSigningBytes(genesis.chainId, unsigned)) };
}

export function makeReveal(
  genesis: Genesis,
  name: string,
  genome: readonly number[],
  reportedNano: number,
): { commit: TransactionBody; reveal: TransactionBody; commitment: string; optimum: string } {
  const salt = createHash('sha256').update(`${name}${genome.join()}`).digest('hex');
  const commitment = commitmentOf({
    chainId: genesis.chainId,
    domain: DOMAIN_ID,
    optimizer: keyOf(name).publicKey,
    genome,
    salt,
  });
  const optimum = optimumIdOf(commitment, keyOf(name).publicKey);
  const experiment = {
    experimentId: 'experiment',
    roundNumber: 1,
    timeToThisResultMs: 10,
    optimizationConfigHash: '00'.repeat(32),
    dataHash: domainHash(genesis.domains[0]!),
  };
  return {
    optimum,
    commitment,
    commit: { type: 'commit', optimum, commitment, domain: DOMAIN_ID, stamp: 0 },
    reveal: { type: 'reveal', optimum, genome, salt, blob: null, reportedNano, experiment },
  };
}

/** What the evaluation of a seat's data gives, for whoever makes it. */
export function evaluationOf(dataSeed: string, performanceNano: number, standardErrorNano = 0): Measurement & Evidence {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  return {
    performance: performanceNano / NANO,
    standardError: standardErrorNano / NANO,
    samples: 1,
    dataHash: sha256(`data ${dataSeed}`),
    traceHash: sha256(`outputs ${dataSeed} ${performanceNano}`),
  };
}

/** What an evaluator who did the work would publish for this result on this seat's data. */
export function measuredAs(
  { evaluator, dataSeed }: Pick<Seat, 'evaluator' | 'dataSeed'>,
  performanceNano: number,
  standardErrorNano = 0,
): SeatMeasurement {
  const { dataHash, traceHash } = evaluationOf(dataSeed, performanceNano);
  return { performanceNano, standardErrorNano, dataHash, traceDigest: traceDigestOf(evaluator, traceHash) };
}

/** What an auditor publishes who did the work of a seat that was measured with `measuredAs`. */
export function certificateOf(audited: Pick<SeatState, 'dataSeed' | 'measurement'>): SeatMeasurement | null {
  if (audited.measurement === null) return null;
  const { traceHash } = evaluationOf(audited.dataSeed, audited.measurement.performanceNano);
  return { ...audited.measurement, traceDigest: traceHash };
}

/** The votes of everybody who was given a seat in these records; null stands for "cannot be measured". */
export function votesOn(
  chain: TestChain,
  records: readonly ChainRecord[],
  value: (seat: Seat) => number | null,
): Transaction[] {
  return records.flatMap((record, index) => {
    if (record.type !== 'TASK_CREATED') return [];
    const { optimum, seat } = record;
    const performanceNano = value(seat);
    const measurement = performanceNano === null ? null : measuredAs(seat, performanceNano);
    const name = chain.names.get(seat.evaluator)!;
    return [
      sign(chain.genesis, name, chain.nextNonce(name) + index, {
        type: 'vote',
        optimum,
        seat: seat.index,
        dataSeed: seat.dataSeed,
        measurement,
      }),
    ];
  });
}

/** Proofs by key and input: tests ask for the same one several times, and each takes milliseconds. */
const proofs = new Map<string, string>();

/** The named node's VRF proof for a slot on top of a block. */
export function proofFor(genesis: Genesis, tip: Tip, name: string, slot: number): string {
  const input = vrfInput(tip.state, genesis, slot);
  const key = `${name} ${toHex(input)}`;
  const proof = proofs.get(key) ?? vrfProve(keyOf(name).secretSeed, input);
  proofs.set(key, proof);
  return proof;
}

/** What honest members attest on top of this chain, each by itself. */
export function attestationsOf(chain: TestChain, names: readonly string[]): Transaction[] {
  return names.flatMap((name) => {
    const attestation = nextAttestation(chain.tip.state, chain.genesis, keyOf(name).publicKey, null);
    if (attestation === null) return [];
    return [sign(chain.genesis, name, chain.nextNonce(name), { type: 'attest', ...attestation })];
  });
}

/** A chain in memory that grows by calls; proposers are whoever's turn it is among the named members. */
export class TestChain {
  readonly genesis: Genesis;
  readonly names: ReadonlyMap<string, string>;
  readonly blocks: Block[] = [];
  readonly history: Applied[] = [];
  tip: Tip;
  readonly #verifier: Verifier;

  /** A trusting verifier makes long chains quickly: what is signed here is right anyhow. */
  constructor(genesis: Genesis, members: readonly string[], verifier: Verifier = strictVerifier) {
    this.genesis = genesis;
    this.#verifier = verifier;
    this.names = new Map(members.map((name) => [keyOf(name).publicKey, name]));
    this.tip = { hash: genesisHash(genesis), state: genesisState(genesis) };
  }

  /** The block a rightful proposer would make next, without applying it. */
  propose(transactions: readonly Transaction[], skipSlots = 0): Block | null {
    const built = this.#build(transactions, skipSlots);
    if (built === null) return null;
    const refusal = built.refused[0];
    if (refusal !== undefined) throw new Error(`refused: ${refusal.refusal.code}`);
    return this.#signed(built);
  }

  #signed({ header, transactions }: Built): Block {
    const key = keyOf(this.names.get(header.proposer)!);
    return { header: { ...header, signature: key.sign(headerSigningBytes(header)) }, transactions };
  }

  /** Adds a block of those candidates that are valid one after the other; null when there is no cause for a block. */
  addValid(candidates: readonly Transaction[], skipSlots = 0): Applied | null {
    const built = this.#build(candidates, skipSlots);
    return built === null ? null : this.apply(this.#signed(built));
  }

  #build(candidates: readonly Transaction[], skipSlots: number): Built | null {
    const { genesis, tip } = this;
    const slot = tip.state.require(GLOBALS).slot + 1 + skipSlots;
    const [proposer] = proposersOf(tip.state, genesis, slot);
    const vrfProof = proofFor(genesis, tip, this.names.get(proposer!)!, slot);
    const proposal = { slot, rank: 0, timestampMs: opensAtMs(genesis, slot, 0), proposer: proposer!, vrfProof };
    return buildBlock(tip, proposal, candidates, genesis, this.#verifier.signature);
  }

  /** A nonce that a named member has not used yet. */
  nextNonce(name: string): number {
    return (this.tip.state.get(ACCOUNT, keyOf(name).publicKey)?.nonceHighest ?? 0) + 1;
  }

  /** Gives a named account coins out of nothing: the mint is not what these tests are about. */
  fund(name: string, units: number): this {
    const id = keyOf(name).publicKey;
    const { state } = this.tip;
    const globals = state.require(GLOBALS);
    const account = state.get(ACCOUNT, id) ?? NEW_ACCOUNT;
    this.tip = {
      ...this.tip,
      state: state
        .set(GLOBALS, '', { ...globals, supplyUnits: globals.supplyUnits + units })
        .set(ACCOUNT, id, { ...account, balanceUnits: account.balanceUnits + units }),
    };
    return this;
  }

  balance(name: string): number {
    return this.tip.state.get(ACCOUNT, keyOf(name).publicKey)?.balanceUnits ?? 0;
  }

  /** Another chain with the same past. */
  fork(verifier = this.#verifier): TestChain {
    const copy = new TestChain(this.genesis, [...this.names.values()], verifier);
    copy.tip = this.tip;
    copy.blocks.push(...this.blocks);
    copy.history.push(...this.history);
    return copy;
  }

  /** Another chain with the past of this one up to a height. */
  until(height: number): TestChain {
    const copy = new TestChain(this.genesis, [...this.names.values()], this.#verifier);
    copy.blocks.push(...this.blocks.slice(0, height));
    copy.history.push(...this.history.slice(0, height));
    copy.tip = copy.history.at(-1) ?? copy.tip;
    return copy;
  }

  /** Adds a block and returns what it did; throws when the rules refuse it. */
  add(transactions: readonly Transaction[], skipSlots = 0): Applied {
    const block = this.propose(transactions, skipSlots);
    if (block === null) throw new Error('no cause for a block');
    return this.apply(block);
  }

  /** Adds a block and an empty one on top of it, which draws and settles what the first asked for. Records of both. */
  addWithNext(transactions: readonly Transaction[], skipSlots = 0): Applied {
    const asked = this.add(transactions, skipSlots);
    const next = this.add([]);
    return { ...next, records: [...asked.records, ...next.records] };
  }

  apply(block: Block): Applied {
    const verdict = applyBlock(this.tip, block, this.genesis, this.#verifier);
    if (!verdict.ok) throw new Error(verdict.code);
    this.tip = verdict.applied;
    this.blocks.push(block);
    this.history.push(verdict.applied);
    return verdict.applied;
  }
}

export function blockBytes(block: Block): Uint8Array {
  return encode(blockCodec, block);
}

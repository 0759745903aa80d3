/**
 * Grows a chain by what random members do: every type of transaction, honestly or not, and staying away. A new type
 * must be added to both tables below: the compiler asks for it, and then whole-chain and golden tests cover it.
 */
import fc from 'fast-check';
import { ANCHOR_POINT } from '../../actors/chain/anchors.js';
import { nextAttestation } from '../../actors/chain/finality/voting.js';
import { domainHash } from '../../actors/chain/genesis.js';
import { CHANNEL } from '../../actors/chain/state/channels.js';
import { DEFINITION, PROPOSALS } from '../../actors/chain/state/domains.js';
import { ACCOUNT, DOMAIN, EVALUATES, OPEN, OPTIMUM } from '../../actors/chain/state/state.js';
import { receiptBytes } from '../../actors/chain/transactions/channel.js';
import type { Fee, SignedAttestation, Transaction, TransactionBody } from '../../actors/chain/types.js';
import { seatBits } from '../../actors/quorum/audit-rules.js';
import { quadraticSpec } from '../../gpu-workers/domains/quadratic/spec.js';
import { NANO } from '../../runtime/fixed/nano.js';
import { certificateOf, DOMAIN_ID, keyOf, makeReveal, measuredAs, sign, type TestChain, usualFee } from './chain.js';

const ZERO = '00'.repeat(32);

interface Action {
  readonly kind: TransactionBody['type'];
  readonly who: number;
  readonly amount: number;
}
export interface Step {
  readonly actions: readonly Action[];
  readonly skipSlots: number;
}

/** How often each is tried. */
export const WEIGHTS: Readonly<Record<TransactionBody['type'], number>> = {
  commit: 2,
  reveal: 3,
  vote: 6,
  transfer: 2,
  'register-evaluator': 1,
  challenge: 2,
  'jury-vote': 3,
  'inference-pay': 1,
  'anchor-record': 1,
  attest: 2,
  'domain-register': 1,
  'domain-vote': 2,
  'channel-open': 1,
  'channel-close': 1,
  'channel-dispute': 1,
  evidence: 1,
};
export const KINDS = (Object.entries(WEIGHTS) as [TransactionBody['type'], number][]).flatMap(([kind, weight]) =>
  Array.from({ length: weight }, () => kind),
);
const kinds = fc.constantFrom(...KINDS);
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    actions: fc.array(fc.record({ kind: kinds, who: fc.nat(1_000), amount: fc.nat(1_000_000) }), { maxLength: 6 }),
    skipSlots: fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(700) }),
  }),
  { minLength: 30, maxLength: 60, size: 'max' },
);

export class RandomLife {
  readonly #chain: TestChain;
  readonly #members: readonly string[];
  readonly #made = new Map<string, ReturnType<typeof makeReveal> & { readonly name: string }>();
  #counter = 0;

  constructor(chain: TestChain) {
    this.#chain = chain;
    this.#members = [...chain.names.values()];
  }

  run(steps: readonly Step[]): void {
    for (const { actions, skipSlots } of steps) {
      this.#chain.addValid(
        actions.flatMap((action) => this.#transactions(action)),
        skipSlots,
      );
    }
  }

  #transactions({ kind, who, amount }: Action): Transaction[] {
    return this.#makers[kind](this.#members[who % this.#members.length]!, who, amount);
  }

  readonly #makers: Readonly<
    Record<TransactionBody['type'], (name: string, who: number, amount: number) => Transaction[]>
  > = {
    commit: (name, _who, amount) => [this.#sign(name, this.#commit(name, amount))],
    reveal: (_name, who, amount) => this.#reveal(who, amount),
    vote: (_name, who, amount) => this.#votes(who, amount),
    challenge: (name, who, amount) => this.#challenge(name, who, amount),
    'jury-vote': (_name, who, amount) => this.#answers(who, amount),
    transfer: (name, _who, amount) => this.#transfer(name, amount),
    'register-evaluator': (name) => {
      const registered = (this.#chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? []).length > 0;
      return [this.#sign(name, { type: 'register-evaluator', stamp: 0, domains: registered ? [] : [DOMAIN_ID] })];
    },
    'inference-pay': (name, _who, amount) => this.#payInference(name, amount),
    'anchor-record': (name, who) => this.#recordAnchor(name, who),
    attest: (_name, _who, amount) => this.#attest(amount),
    'domain-register': (name, who) => [
      this.#sign(name, {
        type: 'domain-register',
        spec: { ...quadraticSpec(1), domainId: `life-${who}` },
        dataHash: ZERO,
      }),
    ],
    'domain-vote': (_name, who) => this.#voteDomain(who),
    'channel-open': (name, who, amount) => {
      const to = keyOf(this.#members[(who + 1) % this.#members.length] ?? '').publicKey;
      return [this.#sign(name, { type: 'channel-open', to, domain: DOMAIN_ID, depositUnits: 1_000 + amount })];
    },
    'channel-close': (_name, who, amount) => this.#endChannel(who, amount),
    'channel-dispute': (name, who, amount) => this.#disputeChannel(name, who, amount),
    evidence: (name, who, amount) => this.#evidence(name, who, amount),
  };

  #sign(name: string, body: TransactionBody, fee: Fee = usualFee(body)): Transaction {
    this.#counter += 1;
    return sign(this.#chain.genesis, name, this.#counter, body, fee);
  }

  #commit(name: string, amount: number): TransactionBody {
    const genome = [this.#counter, amount];
    const made = makeReveal(this.#chain.genesis, name, genome, 0);
    this.#made.set(made.optimum, { ...made, name });
    const balance = this.#chain.tip.state.get(ACCOUNT, keyOf(name).publicKey)?.balanceUnits ?? 0;
    return balance > 1_000_000 && amount % 4 > 0 ? ({ ...made.commit, stamp: null } as TransactionBody) : made.commit;
  }

  #openOptimae(revealed: boolean): readonly string[] {
    const { state } = this.#chain.tip;
    return state.require(OPEN).filter((id) => (state.require(OPTIMUM, id).reveal !== null) === revealed);
  }

  #reveal(who: number, amount: number): Transaction[] {
    const committed = this.#openOptimae(false);
    const made = this.#made.get(committed[who % committed.length] ?? '');
    if (made === undefined) return [];
    const { bestNano } = this.#chain.tip.state.require(DOMAIN, DOMAIN_ID);
    return [this.#sign(made.name, { ...made.reveal, reportedNano: bestNano + amount * 10_000 } as TransactionBody)];
  }

  /** One voter in four lies, in four ways; the others confirm the claim. */
  #votes(who: number, amount: number): Transaction[] {
    const revealed = this.#openOptimae(true);
    const optimum = revealed[who % revealed.length];
    if (optimum === undefined) return [];
    const { seats, reportedNano } = this.#chain.tip.state.require(OPTIMUM, optimum).reveal!;
    return seats.flatMap((seat, index) => {
      const mood = (amount + 7 * index) % 16;
      if (seat.status !== 0 || mood === 0) return [];
      const audited = seat.audits === null ? null : certificateOf(seats[seat.audits]!);
      const shift = mood === 1 ? -50 * NANO : mood === 2 ? 5 * NANO : mood === 3 ? -NANO / 10 : 0;
      const measurement = mood === 4 ? null : (audited ?? measuredAs(seat, reportedNano + shift, mood));
      const { dataSeed, evaluator } = seat;
      const body = { type: 'vote', optimum, seat: index, dataSeed, measurement } as const;
      return [this.#sign(this.#chain.names.get(evaluator)!, body)];
    });
  }

  #challenge(name: string, who: number, amount: number): Transaction[] {
    const { state } = this.#chain.tip;
    const revealOf = (id: string) => state.require(OPTIMUM, id).reveal!;
    const inWindow = this.#openOptimae(true).filter((id) => revealOf(id).window !== null);
    const optimum = inWindow[who % inWindow.length];
    if (optimum === undefined) return [];
    const { seats } = revealOf(optimum);
    const seat = amount % seats.length;
    const measurement = seats[seat]?.measurement;
    if (measurement === undefined || measurement === null) return [];
    return [this.#sign(name, { type: 'challenge', optimum, seat, bits: seatBits(measurement) })];
  }

  /** Juries that mostly agree, now with the accused, now against him; one juror in eight knows better, one abstains. */
  #answers(who: number, amount: number): Transaction[] {
    const { state } = this.#chain.tip;
    const disputed = this.#openOptimae(true).filter((id) => state.require(OPTIMUM, id).reveal!.disputes.length > 0);
    const optimum = disputed[who % disputed.length];
    if (optimum === undefined) return [];
    const { seats, disputes } = this.#chain.tip.state.require(OPTIMUM, optimum).reveal!;
    return disputes.flatMap(({ seat, jury }) => {
      const { dataSeed, measurement } = seats[seat]!;
      const truth = amount % 2 === 0 && measurement !== null ? seatBits(measurement) : 'ab'.repeat(32);
      return (jury?.jurors ?? []).map(({ node }, index) => {
        const mood = (amount + index) % 8;
        const bits = mood === 0 ? 'cd'.repeat(32) : mood === 1 ? null : truth;
        return this.#sign(this.#chain.names.get(node)!, { type: 'jury-vote', optimum, seat, dataSeed, bits });
      });
    });
  }

  #transfer(name: string, amount: number): Transaction[] {
    const balance = this.#chain.tip.state.get(ACCOUNT, keyOf(name).publicKey)?.balanceUnits ?? 0;
    const to = keyOf(this.#members[amount % this.#members.length] ?? 'nobody').publicKey;
    const maxUnits = 100_000 + (amount % 3) * 50_000;
    const amountUnits = amount % 5 === 0 ? Math.max(0, balance - maxUnits) : Math.trunc((balance / 1_000_000) * amount);
    return [this.#sign(name, { type: 'transfer', to, amountUnits }, { maxUnits, tipUnits: amount % 70_000 })];
  }

  #payInference(name: string, amount: number): Transaction[] {
    const to = keyOf(this.#members[amount % this.#members.length] ?? 'nobody').publicKey;
    const request = amount.toString(16).padStart(64, '0');
    const body = { type: 'inference-pay', to, domain: DOMAIN_ID, amountUnits: amount, request } as const;
    return [this.#sign(name, body, { maxUnits: 150_000, tipUnits: amount % 3 })];
  }

  #voteDomain(who: number): Transaction[] {
    const { state } = this.#chain.tip;
    const proposals = state.require(PROPOSALS);
    const domain = proposals[who % proposals.length];
    if (domain === undefined) return [];
    const specHash = domainHash(state.require(DEFINITION, domain).spec);
    return this.#members.slice(who % 3).map((name) => this.#sign(name, { type: 'domain-vote', domain, specHash }));
  }

  #channel(who: number) {
    const channels = [...this.#chain.tip.state.list(CHANNEL)];
    const found = channels[who % channels.length];
    if (found === undefined) return null;
    const [channel, { payer, to, depositUnits }] = found;
    const nameOf = (id: string) => this.#chain.names.get(id) ?? 'nobody';
    const receiptFor = (units: number) =>
      keyOf(nameOf(payer)).sign(receiptBytes(this.#chain.genesis.chainId, channel, units));
    return { channel, payer: nameOf(payer), to: nameOf(to), depositUnits, receiptFor };
  }

  /** The payer asks, and ends it when he may; one time in three the recipient closes. */
  #endChannel(who: number, amount: number): Transaction[] {
    const found = this.#channel(who);
    if (found === null) return [];
    const amountUnits = amount % (found.depositUnits + 1);
    const byRecipient = amount % 3 === 0;
    const receipt = byRecipient ? found.receiptFor(amountUnits) : null;
    const body = { type: 'channel-close', channel: found.channel, amountUnits, receipt } as const;
    return [this.#sign(byRecipient ? found.to : found.payer, body)];
  }

  #disputeChannel(name: string, who: number, amount: number): Transaction[] {
    const found = this.#channel(who);
    if (found === null) return [];
    const amountUnits = found.depositUnits - (amount % 500);
    const receipt = found.receiptFor(amountUnits);
    return [this.#sign(name, { type: 'channel-dispute', channel: found.channel, amountUnits, receipt })];
  }

  /** One member in five is silent. */
  #attest(amount: number): Transaction[] {
    const { tip, genesis } = this.#chain;
    return this.#members.flatMap((name, index) => {
      const attestation = nextAttestation(tip.state, genesis, keyOf(name).publicKey, null);
      if ((amount + index) % 5 === 0 || attestation === null) return [];
      return [this.#sign(name, { type: 'attest', ...attestation })];
    });
  }

  /** Now and then somebody attested one height twice, somewhere else. */
  #evidence(name: string, who: number, amount: number): Transaction[] {
    if (amount % 20 !== 0) return [];
    const offender = this.#members[(who + 1) % this.#members.length]!;
    const origin = { height: 0, hash: this.#chain.tip.hash };
    const signed = (hash: string): SignedAttestation => {
      const attestation = { source: origin, target: { height: amount + 1, hash } };
      const { nonce, fee, signature } = sign(this.#chain.genesis, offender, amount, { type: 'attest', ...attestation });
      return { ...attestation, nonce, fee, signature };
    };
    const offence = {
      type: 'two-attestations',
      first: signed('aa'.repeat(32)),
      second: signed('bb'.repeat(32)),
    } as const;
    return [this.#sign(name, { type: 'evidence', offender: keyOf(offender).publicKey, offence })];
  }

  #recordAnchor(name: string, who: number): Transaction[] {
    const points = [...this.#chain.tip.state.list(ANCHOR_POINT)];
    const [height = '', point] = points[who % points.length] ?? [];
    if (point === undefined) return [];
    const body = { type: 'anchor-record', height: Number(height), hash: point.hash, ledger: 'file' } as const;
    return [this.#sign(name, { ...body, reference: `line-${who}` })];
  }
}

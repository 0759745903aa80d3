/** Grows a chain by what random members do: commit, reveal, vote honestly or not, send coins, register, stay away. */
import fc from 'fast-check';
import { ACCOUNT, DOMAIN, EVALUATES, OPEN, OPTIMUM } from '../../actors/chain/state/state.js';
import type { Fee, Transaction, TransactionBody } from '../../actors/chain/types.js';
import { seatBits } from '../../actors/quorum/audit-rules.js';
import { NANO } from '../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeReveal, measuredAs, sign, type TestChain, usualFee } from './chain.js';

interface Action {
  readonly kind: 'commit' | 'reveal' | 'vote' | 'transfer' | 'register' | 'challenge' | 'answer';
  readonly who: number;
  readonly amount: number;
}
export interface Step {
  readonly actions: readonly Action[];
  readonly skipSlots: number;
}

const kinds = fc.constantFrom<Action['kind']>(
  'commit',
  'reveal',
  'reveal',
  'vote',
  'vote',
  'vote',
  'transfer',
  'register',
  'challenge',
  'answer',
  'answer',
);
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    actions: fc.array(fc.record({ kind: kinds, who: fc.nat(1_000), amount: fc.nat(1_000_000) }), { maxLength: 6 }),
    skipSlots: fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(700) }),
  }),
  { minLength: 20, maxLength: 40, size: 'max' },
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
    const name = this.#members[who % this.#members.length]!;
    switch (kind) {
      case 'commit':
        return [this.#sign(name, this.#commit(name, amount))];
      case 'reveal':
        return this.#reveal(who, amount);
      case 'vote':
        return this.#votes(who, amount);
      case 'challenge':
        return this.#challenge(name, who, amount);
      case 'answer':
        return this.#answers(who, amount);
      case 'transfer':
        return this.#transfer(name, amount);
      case 'register': {
        const registered = (this.#chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? []).length > 0;
        return [this.#sign(name, { type: 'register-evaluator', domains: registered ? [] : [DOMAIN_ID] })];
      }
    }
  }

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
      const audited = seat.audits === null ? null : seats[seat.audits]!.measurement;
      const shift = mood === 1 ? -50 * NANO : mood === 2 ? 5 * NANO : mood === 3 ? -NANO / 10 : 0;
      const measurement = mood === 4 ? null : (audited ?? measuredAs(seat, reportedNano + shift, mood));
      const { dataSeed, evaluator } = seat;
      const body = { type: 'vote', optimum, seat: index, dataSeed, measurement } as const;
      return [this.#sign(this.#chain.names.get(evaluator)!, body)];
    });
  }

  #challenge(name: string, who: number, amount: number): Transaction[] {
    const revealed = this.#openOptimae(true);
    const optimum = revealed[who % revealed.length];
    if (optimum === undefined) return [];
    const { seats } = this.#chain.tip.state.require(OPTIMUM, optimum).reveal!;
    const seat = amount % seats.length;
    const measurement = seats[seat]?.measurement;
    if (measurement === undefined || measurement === null) return [];
    return [this.#sign(name, { type: 'challenge', optimum, seat, bits: seatBits(measurement) })];
  }

  /** Juries that mostly agree, now with the accused, now against him; one juror in eight knows better, one abstains. */
  #answers(who: number, amount: number): Transaction[] {
    const revealed = this.#openOptimae(true);
    const optimum = revealed[who % revealed.length];
    if (optimum === undefined) return [];
    const { seats, disputes } = this.#chain.tip.state.require(OPTIMUM, optimum).reveal!;
    return disputes.flatMap(({ seat, jurors }) => {
      const { dataSeed, measurement } = seats[seat]!;
      const truth = amount % 2 === 0 && measurement !== null ? seatBits(measurement) : 'ab'.repeat(32);
      return jurors.map(({ node }, index) => {
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
}

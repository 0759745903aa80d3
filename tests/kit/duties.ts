/** Members who do what the chain asks of them, with the code that real nodes do it with, and liars among them. */
import type { OpenOptimum } from '../../actors/chain/messages.js';
import { GLOBALS, OPEN } from '../../actors/chain/state/state.js';
import type { ChainRecord, Seat, Transaction } from '../../actors/chain/types.js';
import { openOptimaeOf } from '../../actors/chain/views.js';
import { type Answer, answerOf, type Duty, dutiesOf } from '../../actors/quorum/duties.js';
import { DOMAIN_ID, evaluationOf, sign, type TestChain } from './chain.js';

/** What a member answers; the honest answer is given. Null: nothing. */
export type Habit = (duty: Duty, honest: Answer) => Answer | null;

export interface LifeOptions {
  /** True performance on a seat's data. */
  readonly truthNano: (seat: Seat, optimum: OpenOptimum) => number;
  readonly habits?: Readonly<Record<string, Habit>>;
  /** More transactions for each block. */
  readonly also?: (chain: TestChain) => readonly Transaction[];
}

/** Blocks until nothing is open any more; returns all records. */
export function liveOn(chain: TestChain, options: LifeOptions, maxBlocks = 200): readonly ChainRecord[] {
  const records: ChainRecord[] = [];
  for (let count = 0; count < maxBlocks && chain.tip.state.require(OPEN).length > 0; count += 1) {
    const applied = chain.addValid([...answersNow(chain, options), ...(options.also?.(chain) ?? [])]);
    if (applied === null) break;
    records.push(...applied.records);
  }
  return records;
}

export function answersNow(chain: TestChain, { truthNano, habits = {} }: LifeOptions): readonly Transaction[] {
  const optimae = openOptimaeOf(chain.tip.state);
  const { height } = chain.tip.state.require(GLOBALS);
  return [...chain.names].flatMap(([id, name]) =>
    dutiesOf(optimae, id, [DOMAIN_ID]).flatMap((duty, index) => {
      const honest = answerOf(duty, id, evaluationOf(duty.seat.dataSeed, truthNano(duty.judged, duty.optimum)));
      const habit = habits[name];
      const body = habit === undefined ? honest : habit(duty, honest);
      // Whoever answered is not asked again; an answer that was refused comes with another nonce.
      return body === null ? [] : [sign(chain.genesis, name, nonceAt(height) + index, body)];
    }),
  );
}

const nonceAt = (height: number) => 1_000 + 40 * height;

/** For a transaction beside the duties of the next block. */
export function spareNonce(chain: TestChain): number {
  return nonceAt(chain.tip.state.require(GLOBALS).height) + 39;
}

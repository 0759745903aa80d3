/** What all nodes of one simulation share. */
import type { TraceFilter } from '../../trace/filter.js';
import type { LogThreshold } from '../logging.js';
import type { Platform } from '../platform.js';
import type { RestartOptions } from '../restart-policy.js';
import { StreamTap } from '../stream-tap.js';
import { CREDIT_ITEM } from '../wire.js';
import type { FaultTable, MessageOnItsWay } from './faults.js';
import type { SimulationRandom } from './random.js';
import { newOwner, type Owner, type VirtualScheduler } from './scheduler.js';
import type { SimulationEvent } from './trace.js';
import { virtualPlatform } from './virtual-platform.js';
import type { Ends, Parcel, Route } from './virtual-port.js';

export interface World {
  readonly scheduler: VirtualScheduler;
  readonly random: SimulationRandom;
  readonly faults: FaultTable;
  readonly startMs: number;
  /** One-way time between two threads of a node. */
  readonly threadDelayMs: readonly [low: number, high: number];
  readonly trace: TraceFilter | null;
  readonly logThreshold: LogThreshold;
  readonly restart: RestartOptions;
  /** Different for each thread ever started. */
  nextThreadNumber(): number;
  record(event: SimulationEvent): void;
  /** An actor's thread ended, with all that the operating system held open for it. */
  ended(node: string, role: string): void;
}

export function platformOf(world: World, owner: Owner, name: string, clockSkewMs: number): Platform {
  const { scheduler, startMs } = world;
  return virtualPlatform({ scheduler, owner, random: world.random.stream(name), startMs: startMs + clockSkewMs });
}

type Way = Pick<MessageOnItsWay, 'node' | 'fromThread' | 'toThread'>;

/** The way from one thread to another: parcels arrive in order, each after a time the seed draws. */
export class ThreadRoute implements Route {
  readonly #world: World;
  readonly #way: Way;
  readonly #random: SimulationRandom;
  readonly #crashReceiver: () => void;
  // What is on its way arrives even when its sender has died meanwhile.
  readonly #owner = newOwner();
  readonly #tap = new StreamTap(() => this.#schedule(0, () => this.#ends?.answer(CREDIT_ITEM)));
  #ends: Ends | null = null;
  #lastAt = 0;

  constructor(world: World, way: Way, number: number, crashReceiver: () => void) {
    this.#world = world;
    this.#way = way;
    this.#random = world.random.stream(`way ${way.node} ${way.fromThread} ${way.toThread} ${number}`);
    this.#crashReceiver = crashReceiver;
  }

  carry(parcel: Parcel, ends: Ends): void {
    const { deliver } = ends;
    this.#ends = ends;
    const items = this.#tap.read(parcel);
    if (this.#world.faults.isEmpty) {
      this.#schedule(0, () => {
        for (const item of items) deliver(item.parcel);
      });
      return;
    }
    for (const item of items) {
      const one = (): Parcel => structuredClone(item.parcel);
      const message = item.message === null ? null : { ...this.#way, ...item.message };
      const judged = message === null ? null : this.#world.faults.judge(message);
      if (message === null || judged === null) {
        this.#schedule(0, () => deliver(one()));
        continue;
      }
      for (const fate of judged.fates) this.#world.record({ what: 'fault', node: this.#way.node, fate, message });
      if (judged.copies === 0) item.settle();
      if (judged.crash) this.#schedule(judged.delayMs, this.#crashReceiver);
      for (let copy = 0; copy < judged.copies; copy += 1) this.#schedule(judged.delayMs, () => deliver(one()));
    }
  }

  end(done: () => void): void {
    this.#schedule(0, done);
  }

  #schedule(extraMs: number, callback: () => void): void {
    const { scheduler, threadDelayMs } = this.#world;
    const wanted = scheduler.elapsedMs + this.#random.between(threadDelayMs) + extraMs;
    this.#lastAt = Math.max(this.#lastAt, wanted);
    scheduler.at(this.#lastAt, callback, this.#owner);
  }
}

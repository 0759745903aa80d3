/** What waits for a thread of the pool: by priority, first come first served inside one. Pure. */
import type { TaskPriority } from './messages.js';

/** Votes have deadlines and gate everybody else's progress; exploring can always wait, and real-data reports most of all. */
const ORDER: readonly TaskPriority[] = ['vote', 'confirm', 'inference', 'search', 'benchmark'];

export interface Queued {
  readonly taskId: string;
  readonly priority: TaskPriority;
}

export class PriorityQueue<T extends Queued> {
  readonly #limit: number;
  readonly #waiting: Readonly<Record<TaskPriority, T[]>> = {
    vote: [],
    confirm: [],
    inference: [],
    search: [],
    benchmark: [],
  };

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return ORDER.reduce((sum, priority) => sum + this.#waiting[priority].length, 0);
  }

  /** False when the queue is full. */
  add(item: T): boolean {
    if (this.size >= this.#limit) return false;
    this.#waiting[item.priority].push(item);
    return true;
  }

  /** The one to run next of those that fit, or undefined when none waits. */
  take(fits: (item: T) => boolean = () => true): T | undefined {
    for (const priority of ORDER) {
      const index = this.#waiting[priority].findIndex(fits);
      if (index >= 0) return this.#waiting[priority].splice(index, 1)[0];
    }
    return undefined;
  }

  /** Takes one out before its turn. */
  remove(taskId: string): T | undefined {
    for (const priority of ORDER) {
      const index = this.#waiting[priority].findIndex((item) => item.taskId === taskId);
      if (index >= 0) return this.#waiting[priority].splice(index, 1)[0];
    }
    return undefined;
  }

  /** In the order they will run. */
  items(): readonly T[] {
    return ORDER.flatMap((priority) => this.#waiting[priority]);
  }
}

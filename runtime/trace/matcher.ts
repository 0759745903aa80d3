/** A filter in use: remembers which kinds it wants and which stories turned out to be about what it looks for. */
import { isTraced, type TraceFilter } from './filter.js';
import type { TraceRecord } from './record.js';
import { STORY_DIGITS, storyIdOf } from './story-id.js';

export type Judged = Pick<TraceRecord, 'actor' | 'kind' | 'traceId' | 'optima' | 'block' | 'height'>;

/** Stories remembered; an optimum's life is over long before so many others have begun. */
const MAX_STORIES = 1024;
/** A prefix of this many digits is looked for in trace ids too: 32 bits do not match a stranger by chance. */
const SURE_DIGITS = 8;

export class TraceMatcher {
  readonly #filter: TraceFilter;
  /** Judging a kind compiles patterns; there are only as many kinds as the catalogues have. */
  readonly #kinds = new Map<string, boolean>();
  readonly #stories = new Set<string>();
  /** Looks at more than the kind of a message. */
  readonly isSelective: boolean;
  /** Beginnings of trace ids that match by themselves. */
  readonly #storyPrefixes: readonly string[];

  constructor(filter: TraceFilter) {
    this.#filter = filter;
    this.isSelective = filter.optima.length + filter.blocks.length > 0;
    const hashes = filter.blocks.filter((block) => typeof block === 'string');
    this.#storyPrefixes = [...filter.optima, ...hashes]
      .filter((prefix) => prefix.length >= SURE_DIGITS)
      .map((prefix) => prefix.slice(0, STORY_DIGITS));
  }

  mayMatch(role: string, kind: string): boolean {
    const name = `${role} ${kind}`;
    let wanted = this.#kinds.get(name);
    if (wanted === undefined) {
      wanted = isTraced(this.#filter, role, kind);
      this.#kinds.set(name, wanted);
    }
    return wanted;
  }

  matches(record: Judged): boolean {
    return this.mayMatch(record.actor, record.kind) && (!this.isSelective || this.#isAbout(record));
  }

  #isAbout(record: Judged): boolean {
    const { optima, block, height, traceId } = record;
    let isHit = false;
    for (const optimum of optima) {
      if (!this.#filter.optima.some((prefix) => optimum.startsWith(prefix))) continue;
      this.#learn(storyIdOf(optimum));
      isHit = true;
    }
    if (this.#isWantedBlock(block, height)) {
      if (block !== null) this.#learn(storyIdOf(block));
      isHit = true;
    }
    // The story of a block is about many optima, so it is not that of each.
    if (isHit && optima.length + (block === null ? 0 : 1) === 1) this.#learn(traceId);
    return isHit || this.#stories.has(traceId) || this.#storyPrefixes.some((prefix) => traceId.startsWith(prefix));
  }

  #isWantedBlock(block: string | null, height: number | null): boolean {
    return this.#filter.blocks.some((wanted) =>
      typeof wanted === 'number' ? height === wanted : (block?.startsWith(wanted) ?? false),
    );
  }

  #learn(story: string): void {
    this.#stories.delete(story);
    this.#stories.add(story);
    if (this.#stories.size <= MAX_STORIES) return;
    for (const oldest of this.#stories) {
      this.#stories.delete(oldest);
      return;
    }
  }
}

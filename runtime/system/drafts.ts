/** Makes the messages of one thread: their ids, causes, stories and times. */
import type { Envelope, SendOptions } from './actor.js';
import { Message, THREADS } from './message.js';
import type { Platform } from './platform.js';
import { currentStory, TraceIds } from './story.js';

/** Messages that may share the time they were sent at. */
const STAMP_USES = 16;

export class Drafts {
  readonly #platform: Platform;
  readonly #number: number;
  readonly #traceIds: TraceIds;
  #count = 0;
  #stamp = 0;
  #stampUses = 0;
  #stampArmed = false;

  /** `number` is the thread's, see `THREADS`. */
  constructor(platform: Platform, number: number) {
    this.#platform = platform;
    this.#number = number % THREADS;
    this.#traceIds = new TraceIds(platform);
  }

  newTraceId(): string {
    return this.#traceIds.next();
  }

  /**
   * Caused by the message whose handler is running, if any. With `timeoutMs` it is an ask: `sentAt` is read exactly and
   * the deadline counts from it.
   */
  message(
    type: Envelope['type'],
    from: string,
    to: string,
    kind: string,
    payload: unknown,
    timeoutMs: number | undefined,
    options: SendOptions | undefined,
  ): Message {
    const story = currentStory();
    this.#count += 1;
    const id = this.#count * THREADS + this.#number;
    const known = options?.traceId ?? story?.traceId;
    if (known === undefined) this.#traceIds.advance();
    const trace = known ?? this.#traceIds.prefix;
    const traceCount = known === undefined ? this.#traceIds.count : -1;
    const sentAt = timeoutMs === undefined ? this.#sendTime() : this.#platform.stamp();
    const deadline = timeoutMs === undefined ? undefined : sentAt + timeoutMs;
    return new Message(type, to, from, kind, id, story?.id ?? 0, trace, traceCount, sentAt, deadline, payload, null);
  }

  /** Up to 16 messages of one callback share a reading of the clock, which costs an eighth of sending one. */
  #sendTime(): number {
    if (this.#stampUses > 0) {
      this.#stampUses -= 1;
      return this.#stamp;
    }
    if (!this.#stampArmed) {
      this.#stampArmed = true;
      queueMicrotask(this.#endOfCallback);
    }
    this.#stampUses = STAMP_USES - 1;
    this.#stamp = this.#platform.stamp();
    return this.#stamp;
  }

  readonly #endOfCallback = (): void => {
    this.#stampArmed = false;
    this.#stampUses = 0;
  };
}

/**
 * What main can read of a thread without its help: while it is blocked, and after it has died. One shared buffer for
 * each life of a thread, written by that thread alone. Plain writes, no Atomics: each number stands for itself, every
 * reader polls, and a 64-bit aligned write is not torn on any platform that Node runs on. All counters of a message
 * together take 7 ns (Node 20, measured).
 */

/** Kinds of one actor whose drops outlive their thread; those of further kinds are counted on the thread only. */
const KINDS = 256;

const ACTORS = 0;
const BEATS = 1;
const CURRENT_ACTOR = 2;
const CURRENT_KIND = 3;
const CURRENT_ID = 4;
const THREAD_SLOTS = 5;

const OPEN = 0;
const HANDLED = 1;
const DEAD_LETTERS = 2;
const QUARANTINED = 3;
const RESTARTS = 4;
const WAITS_ON_KIND = 5;
const WAITS_ON_ID = 6;
const DROPS = 7;
const ACTOR_SLOTS = DROPS + KINDS;

/** A message that an actor takes. */
export interface KindName {
  readonly kind: string;
  /** Its sender waits for an answer. */
  readonly ask: boolean;
}

/** What a thread is doing: places in the lists of its actors and of their kinds. */
export interface Occupation {
  readonly actor: number;
  /** Index among the actor's kinds; -1 for a timer. */
  readonly kind: number;
  readonly messageId: number;
  /** The code after one of the handler's awaits may be what runs, or something beside it. */
  readonly suspended: boolean;
}

export class ThreadVitals {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Float64Array;
  readonly #actors: number;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#numbers = new Float64Array(buffer);
    this.#actors = this.#numbers[ACTORS] ?? 0;
  }

  /** Of a thread with so many actors, which hears from so many threads. */
  static create(actors: number, peers: number): ThreadVitals {
    const slots = THREAD_SLOTS + actors * ACTOR_SLOTS + peers;
    const buffer = new SharedArrayBuffer(slots * Float64Array.BYTES_PER_ELEMENT);
    new Float64Array(buffer)[ACTORS] = actors;
    return new ThreadVitals(buffer);
  }

  beat(): void {
    this.#numbers[BEATS] = this.beats + 1;
  }

  get beats(): number {
    return this.#numbers[BEATS] ?? 0;
  }

  actor(index: number): ActorVitals {
    return new ActorVitals(this.#numbers, index);
  }

  /** Messages without an answer that came over the link to the thread of this number. */
  received(peer: number): number {
    return this.#numbers[this.#peerSlot(peer)] ?? 0;
  }

  countReceived(peer: number): void {
    const slot = this.#peerSlot(peer);
    this.#numbers[slot] = (this.#numbers[slot] ?? 0) + 1;
  }

  /** Best known: the handler that runs, else those that wait for something and may be running again. */
  occupations(): readonly Occupation[] {
    const numbers = this.#numbers;
    const current = (numbers[CURRENT_ACTOR] ?? 0) - 1;
    if (current >= 0) {
      const kind = (numbers[CURRENT_KIND] ?? 0) - 1;
      return [{ actor: current, kind, messageId: numbers[CURRENT_ID] ?? 0, suspended: false }];
    }
    const waiting: Occupation[] = [];
    for (let actor = 0; actor < this.#actors; actor += 1) {
      const base = THREAD_SLOTS + actor * ACTOR_SLOTS;
      const kind = (numbers[base + WAITS_ON_KIND] ?? 0) - 1;
      if (kind >= 0) waiting.push({ actor, kind, messageId: numbers[base + WAITS_ON_ID] ?? 0, suspended: true });
    }
    return waiting;
  }

  #peerSlot(peer: number): number {
    return THREAD_SLOTS + this.#actors * ACTOR_SLOTS + peer;
  }
}

export class ActorVitals {
  readonly #numbers: Float64Array;
  readonly #index: number;
  readonly #base: number;

  constructor(numbers: Float64Array, index: number) {
    this.#numbers = numbers;
    this.#index = index;
    this.#base = THREAD_SLOTS + index * ACTOR_SLOTS;
  }

  /** The thread now runs this actor's handler of that kind, or with -1 a timer's callback. */
  begin(kind: number, messageId: number): void {
    this.#numbers[CURRENT_ACTOR] = this.#index + 1;
    this.#numbers[CURRENT_KIND] = kind + 1;
    this.#numbers[CURRENT_ID] = messageId;
  }

  /** The handler has returned, perhaps with a promise. */
  end(): void {
    this.#numbers[CURRENT_ACTOR] = 0;
  }

  /** A handler that others wait for is suspended in an await. */
  suspend(kind: number, messageId: number): void {
    this.#numbers[this.#base + WAITS_ON_KIND] = kind + 1;
    this.#numbers[this.#base + WAITS_ON_ID] = messageId;
  }

  resume(): void {
    this.#numbers[this.#base + WAITS_ON_KIND] = 0;
  }

  /** Messages without an answer that were taken in and are neither handled nor accounted for otherwise. */
  get open(): number {
    return this.#read(OPEN);
  }
  set open(count: number) {
    this.#numbers[this.#base + OPEN] = count;
  }

  get handled(): number {
    return this.#read(HANDLED);
  }
  set handled(count: number) {
    this.#numbers[this.#base + HANDLED] = count;
  }

  get deadLetters(): number {
    return this.#read(DEAD_LETTERS);
  }
  set deadLetters(count: number) {
    this.#numbers[this.#base + DEAD_LETTERS] = count;
  }

  get quarantined(): number {
    return this.#read(QUARANTINED);
  }
  set quarantined(count: number) {
    this.#numbers[this.#base + QUARANTINED] = count;
  }

  get restarts(): number {
    return this.#read(RESTARTS);
  }
  set restarts(count: number) {
    this.#numbers[this.#base + RESTARTS] = count;
  }

  dropped(kind: number): number {
    return kind < KINDS ? this.#read(DROPS + kind) : 0;
  }

  countDrop(kind: number): void {
    if (kind < KINDS) this.#numbers[this.#base + DROPS + kind] = this.dropped(kind) + 1;
  }

  #read(slot: number): number {
    return this.#numbers[this.#base + slot] ?? 0;
  }
}

/** One thread of the placement over all its lives: who runs on it now, what its earlier lives have done. */
import { type DeadLetter, deadLetter } from './dead-letters.js';
import { type RestartOptions, RestartPolicy } from './restart-policy.js';
import type { ActorSpec, LoadedActor } from './spec.js';
import type { ActorState, ActorStatus } from './status.js';
import { type KindName, ThreadVitals } from './vitals.js';
import type { Watched } from './watchdog.js';
import type { WorkerThread } from './worker-thread.js';

/** Counters of lives that are over. */
interface Past {
  handled: number;
  deadLetters: number;
  quarantined: number;
  restarts: number;
  readonly dropped: Map<string, number>;
}

export class ThreadSlot {
  readonly thread: string;
  readonly actors: readonly ActorSpec[];
  readonly policy: RestartPolicy;
  worker: WorkerThread | null = null;
  state: ActorState = 'starting';
  restarts = 0;
  blocked = 0;
  lastStatus: readonly ActorStatus[] = [];
  #vitals: ThreadVitals;
  #kinds = new Map<string, readonly KindName[]>();
  readonly #peers: number;
  readonly #past = new Map<string, Past>();

  constructor(thread: string, actors: readonly ActorSpec[], restart: RestartOptions, peers: number) {
    this.thread = thread;
    this.actors = actors;
    this.policy = new RestartPolicy(restart);
    this.#peers = peers;
    this.#vitals = ThreadVitals.create(actors.length, peers);
  }

  get vitals(): ThreadVitals {
    return this.#vitals;
  }

  get watched(): Watched {
    const actors = this.actors.map(({ role }) => ({ role, kinds: this.#kindsOf(role) }));
    return { thread: this.thread, vitals: this.#vitals, actors };
  }

  learn(loaded: readonly LoadedActor[]): void {
    for (const { role, kinds } of loaded) this.#kinds.set(role, kinds);
  }

  /** The thread has ended: its counters become past, and what died in its mailboxes comes back. */
  bury(time: number): DeadLetter[] {
    const letters = this.actors.flatMap(({ role }, index) => this.#lettersOf(role, index, time));
    this.actors.forEach(({ role }, index) => {
      const { handled, deadLetters, quarantined, restarts } = this.#vitals.actor(index);
      const open = letters.reduce((sum, { to, count }) => sum + (to === role ? count : 0), 0);
      const past = this.#pastOf(role);
      past.handled += handled;
      past.deadLetters += deadLetters + open;
      past.quarantined += quarantined;
      past.restarts += restarts;
      for (const [kind, count] of this.#drops(role, index))
        past.dropped.set(kind, (past.dropped.get(kind) ?? 0) + count);
    });
    this.#vitals = ThreadVitals.create(this.actors.length, this.#peers);
    this.lastStatus = [];
    return letters;
  }

  /** From the vitals, so also of a thread that does not answer; the rest as it said when it last did. */
  status(): ActorStatus[] {
    return this.actors.map(({ role }, index) => {
      const known = this.lastStatus.find(({ name }) => name === role) ?? unknownStatus(role, this.thread);
      const live = this.#vitals.actor(index);
      const past = this.#pastOf(role);
      const dropped = new Map(past.dropped);
      for (const [kind, count] of this.#drops(role, index)) dropped.set(kind, (dropped.get(kind) ?? 0) + count);
      return {
        ...known,
        state: this.state === 'running' ? known.state : this.state,
        restarts: live.restarts + past.restarts + this.restarts,
        handled: live.handled + past.handled,
        dropped: Object.fromEntries(dropped),
        dead_letters: live.deadLetters + past.deadLetters,
        quarantined: live.quarantined + past.quarantined,
        blocked: this.blocked,
      };
    });
  }

  #lettersOf(role: string, index: number, time: number): DeadLetter[] {
    const { open } = this.#vitals.actor(index);
    if (open <= 0) return [];
    const inHand = this.#vitals.occupations().find(({ actor }) => actor === index);
    const known = inHand === undefined ? undefined : this.#kindsOf(role)[inHand.kind];
    const named = known === undefined || known.ask ? 0 : 1;
    const letter = (kind: string, count: number): DeadLetter =>
      deadLetter({ to: role, from: '', kind, traceId: '' }, 'thread-ended', time, count);
    return [
      ...(named === 1 && known !== undefined ? [letter(known.kind, 1)] : []),
      ...(open > named ? [letter('', open - named)] : []),
    ];
  }

  #drops(role: string, index: number): [kind: string, count: number][] {
    const vitals = this.#vitals.actor(index);
    return this.#kindsOf(role)
      .map(({ kind }, place): [string, number] => [kind, vitals.dropped(place)])
      .filter(([, count]) => count > 0);
  }

  #kindsOf(role: string): readonly KindName[] {
    return this.#kinds.get(role) ?? [];
  }

  #pastOf(role: string): Past {
    const known = this.#past.get(role);
    if (known !== undefined) return known;
    const past = { handled: 0, deadLetters: 0, quarantined: 0, restarts: 0, dropped: new Map<string, number>() };
    this.#past.set(role, past);
    return past;
  }
}

function unknownStatus(name: string, thread: string): ActorStatus {
  return {
    name,
    thread,
    state: 'starting',
    mailbox_depth: 0,
    restarts: 0,
    handled: 0,
    dropped: {},
    overflowed: 0,
    dead_letters: 0,
    quarantined: 0,
    blocked: 0,
    event_loop_p99_ms: 0,
    times: null,
    load: null,
  };
}

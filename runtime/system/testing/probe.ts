/**
 * An actor for tests: stands in the place of any role, records what it is sent, and answers as the test says. In a
 * simulation it is added as a definition; in a real system as a spec, and then runs on a worker thread like every
 * other actor while its answers are made here.
 *
 *     const probe = TestProbe.of(chain).answer(chain.getTip, () => tip);
 *     const system = await ActorSystem.start({ actors: [probe.spec(), gossipSpec], ... });
 *     const block = await expectMessage(probe, chain.receiveBlock, { within: 500 });
 */
import { BroadcastChannel } from 'node:worker_threads';
import { isDoinError } from '../../errors.js';
import type { ActorDefinition, AnyProtocol, Envelope } from '../actor.js';
import { crashed, toWireError } from '../errors.js';
import type { Ask, Event, PayloadOf, ReplyOf, RequestOf, Tell } from '../protocol.js';
import type { ActorSpec } from '../spec.js';
import {
  type FromProbe,
  type ProbeShape,
  probeBehaviour,
  probeModule,
  shapeOf,
  type ToProbe,
  withoutAnswer,
} from './probe-actor.js';

/** Lets time pass until a condition holds; a `Simulation` is one. */
export interface ProbeClock {
  run(options: { readonly until: () => boolean; readonly forMs: number }): Promise<boolean>;
}

export interface ProbeOptions {
  /** Events of other roles to record too. */
  readonly listensTo?: ActorDefinition['listensTo'];
  /** The simulation the probe lives in; expectations then wait in virtual time. */
  readonly clock?: ProbeClock;
}

type Answer = (request: unknown, envelope: Envelope) => unknown;

let probes = 0;

export class TestProbe {
  readonly role: string;
  readonly received: Envelope[] = [];
  readonly clock: ProbeClock;
  readonly #shape: ProbeShape;
  readonly #protocol: AnyProtocol;
  readonly #listensTo: ActorDefinition['listensTo'];
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Set<() => void>();
  #channel: BroadcastChannel | null = null;
  #send: ((command: ToProbe) => void) | null = null;

  private constructor(protocol: AnyProtocol, options: ProbeOptions) {
    this.#protocol = protocol;
    this.#listensTo = options.listensTo ?? [];
    this.#shape = shapeOf(protocol, this.#listensTo);
    this.role = this.#shape.role;
    this.clock = options.clock ?? { run: (wanted) => this.#untilReceived(wanted) };
  }

  /** A probe in the place of the role whose catalogue this is. */
  static of(protocol: AnyProtocol, options: ProbeOptions = {}): TestProbe {
    return new TestProbe(protocol, options);
  }

  /** What asks of this kind get from now on: a reply, or what the function returns or throws. */
  answer<R extends Ask<unknown, unknown>>(
    reference: R,
    answer: (request: RequestOf<R>, envelope: Envelope) => ReplyOf<R> | Promise<ReplyOf<R>>,
  ): this {
    this.#answers.set(reference.kind, answer as Answer);
    return this;
  }

  /** For simulations, and for cells on the test's own thread. */
  definition(): ActorDefinition {
    const { role } = this;
    return {
      role,
      protocol: this.#protocol,
      listensTo: this.#listensTo as [],
      start: (ctx) => {
        const { behaviour, send } = probeBehaviour(this.#shape, ctx, (envelope) => this.#received(envelope));
        this.#send = send;
        return behaviour;
      },
    };
  }

  /** For a real actor system: the probe's thread and this one talk over a channel. Call `close` at the end. */
  spec(): ActorSpec {
    probes += 1;
    const name = `doin-probe ${process.pid} ${probes}`;
    const channel = new BroadcastChannel(name);
    channel.onmessage = (event) => this.#heard((event as { data: FromProbe }).data);
    channel.unref();
    this.#channel = channel;
    this.#send = (command) => channel.postMessage(command);
    return { role: this.role, module: probeModule(this.#shape, name), exportName: 'probeActor', options: {} };
  }

  /** Sends as the role the probe stands for. */
  tell<R extends Tell<unknown>>(reference: R, payload: PayloadOf<R>): void {
    this.#command({ type: 'tell', reference: { ...reference }, payload });
  }

  emit<R extends Event<unknown>>(reference: R, payload: PayloadOf<R>): void {
    this.#command({ type: 'emit', reference: { ...reference }, payload });
  }

  close(): void {
    this.#channel?.close();
    this.#channel = null;
  }

  #command(command: ToProbe): void {
    if (this.#send === null) throw new Error(`the probe of ${this.role} runs nowhere yet`);
    this.#send(command);
  }

  async #received(envelope: Envelope): Promise<unknown> {
    this.received.push(envelope);
    for (const look of [...this.#waiting]) look();
    if (envelope.type !== 'ask') return undefined;
    const answer = this.#answers.get(envelope.kind);
    if (answer === undefined) throw withoutAnswer(this.role, envelope.kind);
    return answer(envelope.payload, envelope);
  }

  /** Another thread's probe got a message; its ask, if it is one, is answered with the same number. */
  async #heard(message: FromProbe): Promise<void> {
    const { number } = message;
    try {
      const value = await this.#received(message.envelope);
      if (message.envelope.type === 'ask') this.#channel?.postMessage({ type: 'reply', number, value });
    } catch (error) {
      const typed = isDoinError(error) ? error : crashed(this.role, error);
      this.#channel?.postMessage({ type: 'failure', number, error: toWireError(typed) });
    }
  }

  #untilReceived({ until, forMs }: { until: () => boolean; forMs: number }): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (met: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(met);
      };
      const look = () => {
        if (until()) end(true);
      };
      const timer = setTimeout(() => end(until()), forMs);
      this.#waiting.add(look);
      look();
    });
  }
}

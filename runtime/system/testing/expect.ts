/** What a test says about a probe: this message comes within a time, or none does. */
import { DoinError } from '../../errors.js';
import type { Envelope } from '../actor.js';
import type { Ask, Event, PayloadOf, RequestOf, Tell } from '../protocol.js';
import type { TestProbe } from './probe.js';

// biome-ignore lint/suspicious/noExplicitAny: matches references of every payload type
type AnyMessage = Tell<any> | Ask<any, any> | Event<any>;
type ContentOf<R> = R extends { readonly type: 'ask' } ? RequestOf<R> : PayloadOf<R>;

const DEFAULT_WITHIN_MS = 1_000;
const DEFAULT_SILENCE_MS = 100;

/** Messages that an expectation has used up: the next one looks behind them. */
const used = new WeakSet<Envelope>();

export interface ExpectOptions<R> {
  /** Milliseconds; virtual ones when the probe lives in a simulation. Default 1000. */
  readonly within?: number;
  readonly matching?: (content: ContentOf<R>, envelope: Envelope) => boolean;
}

/**
 * The content of the oldest message of this kind that no expectation has had yet; waits for it. Fails with what came
 * instead.
 */
export async function expectMessage<R extends AnyMessage>(
  probe: TestProbe,
  reference: R,
  { within = DEFAULT_WITHIN_MS, matching = () => true }: ExpectOptions<R> = {},
): Promise<ContentOf<R>> {
  const found = () =>
    probe.received.find(
      (envelope) =>
        !used.has(envelope) && isOf(reference, envelope) && matching(envelope.payload as ContentOf<R>, envelope),
    );
  await probe.clock.run({ until: () => found() !== undefined, forMs: within });
  const envelope = found();
  if (envelope === undefined) {
    const message = `no ${reference.name} within ${within} ms; the probe of ${probe.role} got ${received(probe)}`;
    throw new DoinError({ code: 'expectation-failed', name: reference.name }, message);
  }
  used.add(envelope);
  return envelope.payload as ContentOf<R>;
}

/** Fails when a message comes (of this kind, or any) that no expectation has had yet. */
export async function expectNoMessage(
  probe: TestProbe,
  { of, during = DEFAULT_SILENCE_MS }: { readonly of?: AnyMessage; readonly during?: number } = {},
): Promise<void> {
  const found = () =>
    probe.received.find((envelope) => !used.has(envelope) && (of === undefined || isOf(of, envelope)));
  await probe.clock.run({ until: () => found() !== undefined, forMs: during });
  const envelope = found();
  if (envelope === undefined) return;
  const message = `${envelope.kind} from ${envelope.from} came, where nothing was expected`;
  throw new DoinError({ code: 'expectation-failed', name: envelope.kind }, message);
}

/** Events travel under their full name, everything else under its kind. */
function isOf(reference: AnyMessage, envelope: Envelope): boolean {
  return (
    envelope.type === reference.type && envelope.kind === (reference.type === 'event' ? reference.name : reference.kind)
  );
}

function received(probe: TestProbe): string {
  const kinds = probe.received.map(({ kind, from }) => `${kind} from ${from}`);
  return kinds.length === 0 ? 'nothing' : kinds.join(', ');
}

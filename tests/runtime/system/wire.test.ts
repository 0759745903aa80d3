/** The stream between two threads: what its short forms leave out comes back, whatever lies between. */
import test from 'ava';
import fc from 'fast-check';
import { Message, THREADS } from '../../../runtime/system/message.js';
import { Outbound, type Route } from '../../../runtime/system/outbound.js';
import { isBatch } from '../../../runtime/system/packer.js';
import { StreamTap } from '../../../runtime/system/stream-tap.js';
import { type ItemHandler, parcelOf, replyItem, StreamReader, StreamWriter } from '../../../runtime/system/wire.js';

const PREFIXES = ['0123456789', 'abcdef0123'] as const;

/** A message in steps from the one before, so that all forms and their borders come up. */
const step = fc.record({
  kind: fc.constantFrom('a', 'b'),
  idSteps: fc.constantFrom(1, 1, 1, 2, 5),
  causeId: fc.constantFrom(0, 0, 0, 17),
  trace: fc.constantFrom('counted', 'counted', 'skips', 'other-prefix', 'whole', 'whole', 'another'),
  sentAtSteps: fc.constantFrom(0, 0, 0, 0.25),
  isAsk: fc.boolean(),
  way: fc.constantFrom('stream', 'stream', 'stream', 'beside'),
  itemAfter: fc.boolean(),
});

interface Sent {
  readonly message: Message;
  readonly beside: boolean;
  readonly itemAfter: boolean;
}

function messagesOf(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): Sent[] {
  let id = THREADS + 3;
  let count = 0;
  let sentAt = 1_000;
  return steps.map((made, index): Sent => {
    id += made.idSteps * THREADS;
    sentAt += made.sentAtSteps;
    count += made.trace === 'skips' ? 3 : 1;
    const whole = made.trace === 'whole' ? 'a-story-of-another' : 'yet-another-story';
    const isCounted = !['whole', 'another'].includes(made.trace);
    const trace = isCounted ? PREFIXES[made.trace === 'other-prefix' ? 1 : 0] : whole;
    const message = new Message(
      made.isAsk ? 'ask' : 'tell',
      'receiver',
      'sender',
      made.kind,
      id,
      made.causeId,
      trace,
      isCounted ? count : -1,
      sentAt,
      made.isAsk ? sentAt + 50 : undefined,
      { index },
      null,
    );
    return { message, beside: made.way === 'beside', itemAfter: made.itemAfter };
  });
}

interface Plain {
  readonly id: number;
  readonly traceId: string;
}

function plain({ type, to, from, kind, id, causeId, traceId, sentAt, deadline, payload }: Message): Plain {
  return Object.assign({ type, to, from, kind, id, causeId, traceId, sentAt, deadline, payload });
}

function recorder(into: Plain[]): ItemHandler {
  return {
    message: (message) => into.push(plain(message)),
    reply: () => undefined,
    failure: () => undefined,
    subscribe: () => undefined,
    report: () => undefined,
  };
}

/** What a link would post: batches, and parcels between them. */
function posts(sent: readonly Sent[]): unknown[] {
  const writer = new StreamWriter();
  const outbound = new Outbound();
  const posted: unknown[] = [];
  const flush = () => {
    if (writer.sizeBytes > 0) posted.push(writer.take());
  };
  for (const { message, beside, itemAfter } of sent) {
    const route: Route = outbound.route(message, {});
    if (beside) {
      writer.announce(route);
      flush();
      posted.push(structuredClone(parcelOf(route.number, message)));
    } else {
      writer.message(route, message);
    }
    if (itemAfter) writer.item(replyItem('receiver', 1, { done: true }));
  }
  flush();
  return posted;
}

function read(reader: StreamReader, post: unknown): void {
  if (isBatch(post)) reader.batch(post);
  else reader.parcel(post as readonly unknown[]);
}

test('every message arrives as it was sent, in the stream and beside it', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const sent = messagesOf(steps);
      const received: Plain[] = [];
      const reader = new StreamReader(recorder(received), () => undefined);
      for (const post of posts(sent)) read(reader, post);
      t.deepEqual(
        received,
        sent.map(({ message }) => plain(message)),
      );
    }),
  );
});

test('taken apart by a tap, each message stands for itself: any of them may be missing', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.infiniteStream(fc.boolean()), (steps, keeps) => {
      const sent = messagesOf(steps);
      const received: Plain[] = [];
      const reader = new StreamReader(recorder(received), () => undefined);
      const tap = new StreamTap(() => undefined);
      const kept = new Set<number>();
      let taken = 0;
      for (const item of posts(sent).flatMap((post) => tap.read(post))) {
        if (item.message?.type === 'tell' || item.message?.type === 'ask') {
          const message = sent[taken]?.message;
          taken += 1;
          if (!keeps.next().value) continue;
          kept.add(message?.id ?? 0);
        }
        reader.parcel(structuredClone(item.parcel) as readonly unknown[]);
      }
      t.is(taken, sent.length);
      t.deepEqual(
        received,
        sent.filter(({ message }) => kept.has(message.id)).map(({ message }) => plain(message)),
      );
    }),
  );
});

test('messages that follow each other cost two bytes beside their payload', (t) => {
  const writer = new StreamWriter();
  const route = new Outbound().route({ type: 'tell', to: 'receiver', from: 'sender', kind: 'a' }, {});
  const message = (count: number) =>
    new Message('tell', 'receiver', 'sender', 'a', count * THREADS, 0, PREFIXES[0], count, 1_000, undefined, 7, null);
  writer.message(route, message(1));
  const before = writer.sizeBytes;
  for (let count = 2; count < 12; count += 1) writer.message(route, message(count));
  t.is(writer.sizeBytes - before, 10 * 3);
});

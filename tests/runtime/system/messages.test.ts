import test from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import { ask, protocol } from '../../../runtime/system/protocol.js';
import { echo, probe } from './actors.js';
import { APART, startSystem, TOGETHER, until } from './harness.js';

const nested = {
  text: 'grüße',
  number: -1.5,
  beyondInt32: 2 ** 40,
  small: 5n,
  wide: 2n ** 63n - 1n,
  wider: 2n ** 200n + 1n,
  negative: -(2n ** 90n),
  bytes: new Uint8Array([0, 1, 255]),
  empty: new Uint8Array(0),
  list: [1, [null, true, { deep: [new Uint8Array([9])] }]],
};

for (const [where, placement] of [
  ['on two threads', APART],
  ['on one thread', TOGETHER],
] as const) {
  test.serial(`payloads of actors ${where} arrive equal, bytes as Uint8Array and bigints of any size`, async (t) => {
    const { system } = await startSystem(t, { placement });
    const reply = (await system.ask(probe.forward, nested)) as typeof nested;
    t.deepEqual(reply, nested);
    t.is(reply.bytes.constructor, Uint8Array);
  });

  test.serial(`what a sender changes after sending does not reach an actor ${where}`, async (t) => {
    const { system } = await startSystem(t, { placement });
    const { sent, arrived } = await system.ask(probe.mutate, null);
    t.is(sent, 2);
    t.deepEqual(arrived, { value: 1, bytes: new Uint8Array([1]) });
  });

  test.serial(`a transferred buffer reaches an actor ${where} and is gone at the sender`, async (t) => {
    const { system } = await startSystem(t, { placement });
    const { leftBehind, arrived } = await system.ask(probe.handOver, 100_000);
    t.is(leftBehind, 0);
    t.deepEqual(arrived, { bytes: new Uint8Array(100_000).fill(7) });
  });

  test.serial(`messages of one sender to one actor ${where} are handled in the order sent`, async (t) => {
    const { system } = await startSystem(t, { placement });
    system.tell(probe.burst, { kind: 'note', count: 5000 });
    const notes = await until(
      () => system.ask(echo.notes, null),
      (list) => list.length === 5000,
    );
    t.deepEqual(
      notes,
      Array.from({ length: 5000 }, (_, index) => index),
    );
  });

  test.serial(`an event reaches its listeners ${where} under its full name, and main`, async (t) => {
    const { system } = await startSystem(t, { placement });
    const heard: unknown[] = [];
    const cancel = system.on(echo.noted, (payload, { kind, from }) => heard.push({ payload, kind, from }));
    system.tell(echo.note, 7);
    const seen = await until(
      () => system.ask(probe.seen, null),
      (list) => list.length > 0,
    );
    const bytes = new Uint8Array([7]);
    t.deepEqual(seen, [{ value: 7, bytes, kind: 'echo.noted' }]);
    t.deepEqual(heard, [{ payload: { value: 7, bytes }, kind: 'echo.noted', from: 'echo' }]);
    cancel();
    system.tell(echo.note, 8);
    await until(
      () => system.ask(probe.seen, null),
      (list) => list.length > 1,
    );
    t.is(heard.length, 1, 'a cancelled listener hears nothing');
  });

  test.serial(`the story and the cause follow an ask ${where}, also after an await`, async (t) => {
    const { system } = await startSystem(t, { placement });
    const { mine, theirs, cause, id } = await system.ask(probe.storyAcross, null, { traceId: 'feedfacefeedface' });
    t.is(mine, 'feedfacefeedface');
    t.is(theirs, mine);
    t.is(cause, id);
    const fresh = await system.ask(echo.story, null);
    t.regex(fresh.traceId, /^[0-9a-f]{16}$/);
    t.not(fresh.traceId, (await system.ask(echo.story, null)).traceId);
  });
}

test.serial('a typed error comes back as a DoinError with the same data and is no crash', async (t) => {
  const { system } = await startSystem(t);
  const error = await t.throwsAsync(system.ask(echo.refuse, 'height'));
  t.true(isDoinError(error, 'refused'));
  t.deepEqual(isDoinError(error) ? error.data : null, { code: 'refused', field: 'height', limit: 2n ** 70n } as never);
  t.is(error?.message, 'height is refused');
  system.tell(echo.tellRefuse, 'not today');
  t.deepEqual(await system.ask(echo.life, null), { starts: 1, stops: 0 });
});

test.serial('an ask without an answer fails at its deadline, and the late reply is a dead letter', async (t) => {
  const { system } = await startSystem(t);
  const error = await t.throwsAsync(system.ask(echo.slow, 60, { timeoutMs: 20 }));
  t.true(isDoinError(error, 'ask-timeout'));
  t.regex(error?.message ?? '', /echo\.slow .*20 ms.*deadline/);
  // On a very slow machine the ask itself expires in the mailbox, and is the dead letter.
  t.is(
    await until(
      async () => system.deadLetterCount,
      (count) => count > 0,
    ),
    1,
  );
  t.regex(system.deadLetters()[0]?.reason ?? '', /late-reply|expired/);
});

test.serial('an ask whose deadline has passed in the mailbox is not handled any more', async (t) => {
  const { system } = await startSystem(t);
  const before = system.ask(echo.slow, 200);
  await t.throwsAsync(system.ask(echo.slow, 1, { timeoutMs: 20 }));
  await before;
  await until(
    async () => system.deadLetterCount,
    (count) => count > 0,
  );
  t.deepEqual(
    system.deadLetters().map(({ reason, count }) => ({ reason, count })),
    [{ reason: 'expired', count: 1 }],
  );
});

test.serial('asking a role that is not in the system, or a message it does not have, fails at once', async (t) => {
  const { system } = await startSystem(t);
  const other = protocol('stranger', { hello: ask<null, null>() });
  t.true(isDoinError(await t.throwsAsync(system.ask(other.hello, null)), 'no-such-actor'));
  const newer = protocol('echo', { invented: ask<null, null>() });
  t.true(isDoinError(await t.throwsAsync(system.ask(newer.invented, null)), 'no-such-kind'));
});

test.serial('full mailboxes drop by the policy of the kind, and count it', async (t) => {
  const { system } = await startSystem(t, { placement: TOGETHER });
  const notesAfter = async (kind: 'burstOldest' | 'burstNewest' | 'burstWait') => {
    const before = (await system.ask(echo.notes, null)).length;
    system.tell(probe.burst, { kind, count: 10 });
    await system.ask(probe.forward, null);
    return (await system.ask(echo.notes, null)).slice(before);
  };
  t.deepEqual(await notesAfter('burstOldest'), [7, 8, 9]);
  t.deepEqual(await notesAfter('burstNewest'), [0, 1, 2]);
  t.deepEqual(await notesAfter('burstWait'), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const status = (await system.status()).find(({ name }) => name === 'echo');
  t.deepEqual(status?.dropped, { burstOldest: 7, burstNewest: 7 });
  t.is(status?.overflowed, 7);
});

test.serial('an ask beyond the capacity of its kind is refused at once, those before it are answered', async (t) => {
  const { system } = await startSystem(t);
  const asks = [20, 1, 2, 3].map((ms) => system.ask(echo.narrow, ms));
  const results = await Promise.allSettled(asks);
  t.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason.code)),
    [20, 1, 2, 'mailbox-full'],
  );
});

test.serial('a concurrent handler does not hold up the messages after it', async (t) => {
  const { system } = await startSystem(t);
  const never = t.throwsAsync(system.ask(echo.never, null, { timeoutMs: 200 }));
  t.is(await system.ask(echo.reflect, 1), 1);
  await never;
});

test.serial('every() ticks until cancelled and ctx.messages shows each message taken', async (t) => {
  const { system } = await startSystem(t);
  t.deepEqual(await system.ask(echo.schedule, null), [0, 1, 2]);
  await system.ask(probe.forward, 1);
  t.deepEqual(await system.ask(probe.stream, null), ['forward', 'stream']);
});

import test from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import { ActorSystem } from '../../../runtime/system/system.js';
import { echo, probe } from './actors.js';
import { dependentSpec, echoSpec, failingSpec, probeSpec, restarted, startSystem, TOGETHER, until } from './harness.js';

test.serial(
  'an actor whose handler throws fails its pending asks at once, closes, restarts and keeps its mailbox',
  async (t) => {
    const { system, logs } = await startSystem(t);
    const waiting = system.ask(echo.never, null);
    const crashing = system.ask(echo.throwPlain, 'broken');
    const queued = system.ask(echo.reflect, 'queued');
    system.tell(echo.note, 42);
    for (const [name, pending] of Object.entries({ waiting, crashing })) {
      const error = await t.throwsAsync(pending);
      t.true(isDoinError(error, 'actor-crashed'), name);
      t.regex(error?.message ?? '', /broken/, name);
    }
    // Sent in one batch with the crash, delivered after it: waits for the new life.
    t.is(await queued, 'queued');
    t.deepEqual(await system.ask(echo.notes, null), [42]);
    t.deepEqual(await system.ask(echo.life, null), { starts: 2, stops: 1 });
    const status = (await system.status()).find(({ name }) => name === 'echo');
    t.is(status?.restarts, 1);
    t.is(status?.state, 'running');
    t.true(
      logs.some(({ level, actor, message }) => level === 'error' && actor === 'echo' && /throwPlain/.test(message)),
    );
  },
);

test.serial('asks that wait in the mailbox of a crashing actor fail, its other messages are kept', async (t) => {
  const { system } = await startSystem(t);
  const slow = system.ask(echo.slow, 20);
  system.tell(echo.tellThrow, 'broken');
  const queued = system.ask(echo.reflect, 'queued');
  system.tell(echo.note, 42);
  t.is(await slow, 20);
  t.true(isDoinError(await t.throwsAsync(queued), 'actor-crashed'));
  await restarted(system, 2);
  t.deepEqual(await system.ask(echo.notes, null), [42]);
});

for (const [how, crash] of [
  ['throws in a tell', (system: ActorSystem) => system.tell(echo.tellThrowOnce, 'broken')],
  ['throws in a timer', (system: ActorSystem) => system.tell(echo.timerThrow, 'broken')],
  ['exits its thread', (system: ActorSystem) => system.tell(echo.exit, 0)],
  ['fails outside all handlers', (system: ActorSystem) => system.tell(echo.uncaught, 'broken')],
] as const) {
  test.serial(
    `an actor that ${how} comes back, for main and for the other actors, and its asks fail at once`,
    async (t) => {
      const { system } = await startSystem(t);
      const fromMain = t.throwsAsync(system.ask(echo.never, null));
      const fromProbe = system.ask(probe.askEcho, 'never');
      // Once a later ask of the same sender is answered, the one before it has arrived.
      await system.ask(probe.forward, 0);
      crash(system);
      t.true(isDoinError(await fromMain, 'actor-crashed'));
      t.is(await fromProbe, 'actor-crashed');
      t.is(await system.ask(echo.reflect, 'again'), 'again');
      t.is(await system.ask(probe.forward, 'again'), 'again');
      system.tell(echo.note, 1);
      const seen = await until(
        () => system.ask(probe.seen, null),
        (list) => list.length > 0,
      );
      t.is(seen[0]?.value, 1, 'events of the new life reach their listeners');
      const status = (await system.status()).find(({ name }) => name === 'echo');
      t.is(status?.restarts, 1);
    },
  );
}

test.serial('main still hears events of a thread that was started again', async (t) => {
  const { system } = await startSystem(t);
  const heard = new Promise((resolve) => system.on(echo.noted, ({ value }) => resolve(value)));
  system.tell(echo.exit, 1);
  await until(
    () => system.status(),
    (all) => all.some(({ name, restarts, state }) => name === 'echo' && restarts === 1 && state === 'running'),
  );
  system.tell(echo.note, 5);
  t.is(await heard, 5);
});

test.serial('a co-located actor outlives the crash of its neighbour', async (t) => {
  const { system } = await startSystem(t, { placement: TOGETHER });
  t.is(await system.ask(probe.askEcho, 'throwPlain'), 'actor-crashed');
  t.is(await system.ask(probe.forward, 'again'), 'again');
  const restarts = (await system.status()).map(({ name, restarts: count }) => [name, count]);
  t.deepEqual(restarts, [
    ['echo', 1],
    ['probe', 0],
  ]);
});

test.serial('an actor that crashes too often escalates and stops', async (t) => {
  const { system, escalated } = await startSystem(t, { restart: { maxRestarts: 2, baseDelayMs: 1, maxDelayMs: 2 } });
  for (let crash = 0; crash < 3; crash += 1) system.tell(echo.tellThrow, 'broken');
  const error = await escalated;
  t.true(isDoinError(error, 'actor-restarts-exhausted'));
  t.regex(error.message, /echo .*2 restarts.*broken/);
  t.true(isDoinError(await t.throwsAsync(system.ask(echo.reflect, 1)), 'actor-stopped'));
});

test.serial('a restart that fails counts as a crash', async (t) => {
  const { escalated, system } = await startSystem(t, {
    actors: [{ ...echoSpec, options: { failStartsAfter: 1 } }, probeSpec],
    restart: { maxRestarts: 2, baseDelayMs: 1, maxDelayMs: 2 },
  });
  system.tell(echo.tellThrow, 'broken');
  t.regex((await escalated).message, /no more starts/);
});

test.serial('a thread that ends too often escalates, and asks to its actors say that it is stopped', async (t) => {
  const { system, escalated } = await startSystem(t, { restart: { maxRestarts: 1, baseDelayMs: 1, maxDelayMs: 2 } });
  system.tell(echo.exit, 3);
  await until(
    () => system.status(),
    (all) => all.some(({ name, restarts, state }) => name === 'echo' && restarts === 1 && state === 'running'),
  );
  system.tell(echo.exit, 3);
  t.regex((await escalated).message, /code 3/);
  t.true(isDoinError(await t.throwsAsync(system.ask(echo.reflect, 1)), 'actor-stopped'));
  t.is((await system.status()).find(({ name }) => name === 'echo')?.state, 'stopped');
});

test.serial('a start error keeps its code, and the actors that did start are stopped', async (t) => {
  const logs: string[] = [];
  const starting = ActorSystem.start({
    actors: [echoSpec, failingSpec],
    onEscalation: (error) => t.fail(error.message),
    onLog: ({ message }) => logs.push(message),
  });
  const error = await t.throwsAsync(starting);
  t.true(isDoinError(error, 'disk-broken'));
});

test.serial(
  'an actor that waits in its start for one that cannot start hears of it, and does not hold up the end',
  async (t) => {
    const logs: string[] = [];
    const starting = ActorSystem.start({
      actors: [failingSpec, dependentSpec],
      onEscalation: (error) => t.fail(error.message),
      onLog: ({ message }) => logs.push(message),
    });
    t.true(isDoinError(await t.throwsAsync(starting), 'disk-broken'));
    t.deepEqual(logs, ['hears actor-stopped']);
  },
);

test.serial('a module or an export that does not exist is a start error that names the actor', async (t) => {
  const start = (exportName: string, module = echoSpec.module) =>
    ActorSystem.start({
      actors: [{ ...echoSpec, module, exportName }],
      onEscalation: () => undefined,
      onLog: () => undefined,
    });
  t.true(isDoinError(await t.throwsAsync(start('nothing')), 'actor-definition-invalid'));
  const error = await t.throwsAsync(start('echoActor', new URL('./missing.js', import.meta.url).href));
  t.true(isDoinError(error, 'actor-start-failed'));
});

test.serial('stop works off the mailbox first, then refuses', async (t) => {
  const { system } = await startSystem(t, { actors: [echoSpec, probeSpec] });
  const heard: number[] = [];
  system.on(echo.noted, ({ value }) => heard.push(value));
  const slow = system.ask(echo.slow, 30);
  for (let value = 0; value < 100; value += 1) system.tell(echo.note, value);
  await system.ask(probe.seen, null);
  // The ask is being handled when the stop arrives; the notes wait behind it.
  await system.stop(['echo', 'probe'], 2_000);
  t.is(await slow, 30);
  t.is(heard.length, 100);
  t.true(isDoinError(await t.throwsAsync(system.ask(echo.reflect, 1)), 'actor-stopped'));
});

test.serial('stop ends at its deadline when an actor does not, and its asks fail', async (t) => {
  const { system } = await startSystem(t);
  const pending = t.throwsAsync(system.ask(echo.slow, 60_000, { timeoutMs: 60_000 }));
  await system.ask(probe.seen, null);
  await system.stop([], 50);
  // A stop that waited for the actor would have seen the ask answered, a minute later.
  t.true(isDoinError(await pending, 'actor-stopped'));
});

test.serial('inspect shows what the behaviour shows, and status names each actor and its thread', async (t) => {
  const { system } = await startSystem(t, { placement: { pair: ['echo'] } });
  system.tell(echo.note, 1);
  await system.ask(echo.notes, null);
  t.deepEqual(await system.inspect('echo'), { notes: 1 });
  // The probe hears of the note on a thread of its own, in its own time.
  const status = await until(
    () => system.status(),
    (all) => all.some(({ name, handled }) => name === 'probe' && handled > 0),
  );
  t.deepEqual(
    status.map(({ name, thread, state, handled, mailbox_depth }) => [name, thread, state, handled, mailbox_depth]),
    [
      ['echo', 'pair', 'running', 2, 0],
      ['probe', 'probe', 'running', 1, 0],
    ],
  );
});

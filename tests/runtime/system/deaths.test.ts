/** Every way an actor or its thread can die, on real threads: who hears of it, what comes back, what is accounted for. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import type { ActorSystem, SystemOptions } from '../../../runtime/system/system.js';
import { systemEvents } from '../../../runtime/system/system-events.js';
import { restarted, startSystem, until } from './harness.js';
import { type Seen, type VictimOptions, victim, watcher } from './victims.js';

const module = new URL('./victims.js', import.meta.url).href;

function start(t: ExecutionContext, options: VictimOptions = {}, overrides: Partial<SystemOptions> = {}) {
  return startSystem(t, {
    actors: [
      { role: 'victim', module, exportName: 'victimActor', options },
      { role: 'watcher', module, exportName: 'watcherActor', options: {} },
    ],
    watchdog: { limitMs: 200 },
    ...overrides,
  });
}

const statusOf = async (system: ActorSystem) => (await system.status()).find(({ name }) => name === 'victim');
const seenBy = (system: ActorSystem, enough: (seen: readonly Seen[]) => boolean) =>
  until(() => system.ask(watcher.seen, null), enough);

const fileOf = (notes: readonly number[]) => {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-victim-')), 'notes.json');
  writeFileSync(file, JSON.stringify(notes));
  return file;
};

const DEATHS: readonly [how: string, kill: (system: ActorSystem) => void, reason: RegExp, SystemOptions['watchdog']][] =
  [
    ['throws', (system) => system.tell(victim.crash, { times: 1, note: 9 }), /as told/, {}],
    ['throws in a timer', (system) => system.tell(victim.timerThrow, null), /a timer/, {}],
    ['calls process.exit', (system) => system.tell(victim.exit, 3), /code 3/, {}],
    ['fails outside its handlers', (system) => system.tell(victim.uncaught, null), /nobody catches/, {}],
    ['runs out of memory', (system) => system.tell(victim.outOfMemory, null), /memory/i, {}],
    [
      'never returns, with a hard limit',
      (system) => system.tell(victim.spin, Number.POSITIVE_INFINITY),
      /victim, with message \d+ "spin", held its event loop/,
      { terminateAfterMs: 400 },
    ],
  ];

for (const [how, kill, reason, watchdog] of DEATHS) {
  test.serial(
    `an actor that ${how} is a crash: asks fail, watchers hear, its state comes back from its store`,
    async (t) => {
      const threadLimits = { victim: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } };
      const { system } = await start(
        t,
        { file: fileOf([1, 2]) },
        { threadLimits, watchdog: { limitMs: 200, ...watchdog } },
      );
      const events: string[] = [];
      system.on(systemEvents.actorCrashed, (payload) => events.push(`crashed ${payload.actor} ${payload.reason}`));
      system.on(systemEvents.actorRestarted, (payload) => events.push(`restarted ${payload.actor}`));
      const asking = t.throwsAsync(system.ask(victim.linger, null));
      kill(system);
      const asked = await asking;
      t.true(isDoinError(asked, 'actor-crashed'), asked?.message);
      const seen = await seenBy(system, (all) => all.some(({ event }) => event === 'system.actorRestarted'));
      const lives = seen.filter(({ event }) => /Crashed|Restarted/.test(event));
      t.deepEqual(
        lives.map(({ event, payload }) => [event, payload.actor]),
        [
          ['system.actorCrashed', 'victim'],
          ['system.actorRestarted', 'victim'],
        ],
      );
      t.regex(lives[0]?.payload.reason ?? '', reason);
      t.is(events.length, 2);
      t.regex(events[0] ?? '', reason);
      await restarted(system, 1, 'victim');
      t.deepEqual((await system.ask(victim.notes, null)).slice(0, 2), [1, 2]);
    },
  );
}

test.serial(
  'a message that crashed its actor is handled once more by the next life, before those behind it',
  async (t) => {
    const { system } = await start(t);
    system.tell(victim.crash, { times: 1, note: 1 });
    system.tell(victim.note, 2);
    await restarted(system, 1, 'victim');
    t.deepEqual(await system.ask(victim.notes, null), [1, 2]);
    t.is((await statusOf(system))?.quarantined, 0);
    t.is(system.deadLetterCount, 0);
  },
);

test.serial('a message that crashes its actor twice is set aside and reported, and the actor goes on', async (t) => {
  const { system, logs } = await start(t);
  system.tell(victim.crash, { times: 2, note: 1 }, { traceId: 'feedfacefeedface' });
  system.tell(victim.note, 2);
  await restarted(system, 2, 'victim');
  t.deepEqual(await system.ask(victim.notes, null), [2]);
  t.like(await statusOf(system), { quarantined: 1, dead_letters: 1 });
  const [letter, ...others] = system.deadLetters();
  t.like(letter, {
    to: 'victim',
    from: 'main',
    kind: 'crash',
    reason: 'poison',
    traceId: 'feedfacefeedface',
    count: 1,
  });
  t.is(others.length, 0);
  const seen = await seenBy(system, (all) => all.some(({ event }) => event === 'system.messageQuarantined'));
  t.like(seen.find(({ event }) => event === 'system.messageQuarantined')?.payload, { actor: 'victim', kind: 'crash' });
  t.true(
    logs.some(({ level, message }) => level === 'error' && /crash from main crashed the actor twice/.test(message)),
  );
});

test.serial('a message in hand when another one crashes its actor is handled again, and is not blamed', async (t) => {
  const { system } = await start(t);
  system.tell(victim.hold, 30);
  system.tell(victim.crash, { times: 1, note: 1 });
  const notes = await until(
    async () => system.ask(victim.notes, null).catch(() => []),
    (all) => all.length === 2,
  );
  t.deepEqual(notes, [1, 30]);
  t.is((await statusOf(system))?.quarantined, 0);
  t.is(system.deadLetterCount, 0);
});

test.serial('a message that crashes its actor after an await is the one that is set aside', async (t) => {
  const { system } = await start(t);
  system.tell(victim.crashAfterAwait, 1);
  await until(
    async () => system.deadLetterCount,
    (count) => count > 0,
  );
  t.like(system.deadLetters()[0], { kind: 'crashAfterAwait', reason: 'poison' });
});

test.serial(
  'every message to a thread that exits is handled or a dead letter that names it, none is lost',
  async (t) => {
    const { system } = await start(t);
    system.tell(victim.note, 1);
    system.tell(victim.exit, 0);
    system.tell(victim.note, 2, { traceId: 'feedfacefeedface' });
    system.tell(watcher.flood, { from: 0, to: 500 });
    const accounted = async () => ((await statusOf(system))?.handled ?? 0) + system.deadLetterCount;
    await until(accounted, (count) => count >= 503);
    await restarted(system, 1, 'victim');
    t.is(await accounted(), 503);
    const letters = system.deadLetters();
    t.true(letters.every(({ reason }) => reason === 'thread-ended'));
    t.like(
      letters.find(({ kind }) => kind === 'exit'),
      { count: 1 },
    );
    t.like(
      letters.find(({ traceId }) => traceId === 'feedfacefeedface'),
      { from: 'main', kind: 'note', count: 1 },
    );
  },
);

test.serial('what waits in the mailbox of a thread that exits is named as well', async (t) => {
  const { system } = await start(t);
  system.tell(victim.exitLater, 100);
  const pausing = t.throwsAsync(system.ask(victim.pause, 60_000));
  system.tell(victim.note, 1, { traceId: 'feedfacefeedface' });
  t.true(isDoinError(await pausing, 'actor-crashed'));
  await until(
    async () => system.deadLetterCount,
    (count) => count > 0,
  );
  const [letter, ...others] = system.deadLetters();
  t.like(letter, { to: 'victim', from: 'main', kind: 'note', traceId: 'feedfacefeedface', reason: 'thread-ended' });
  t.is(others.length, 0);
});

test.serial('what a thread without memory had in hand, in its mailbox and on its ports is counted', async (t) => {
  const threadLimits = { victim: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } };
  const { system } = await start(t, {}, { threadLimits });
  for (let count = 0; count < 10; count += 1) system.tell(victim.hold, 60_000);
  await system.ask(victim.notes, null);
  system.tell(victim.outOfMemory, null);
  for (let value = 0; value < 5; value += 1) system.tell(victim.note, value);
  await restarted(system, 1, 'victim');
  const { handled, dead_letters: dead } = (await statusOf(system)) ?? {};
  t.is(system.deadLetterCount + (await system.ask(victim.notes, null)).length, 16);
  t.true((handled ?? 0) >= 1);
  t.true((dead ?? 0) >= 11);
  t.true(system.deadLetters().some(({ kind, count }) => kind === 'outOfMemory' && count === 1));
});

test.serial('drops are still counted when the thread that dropped has died', async (t) => {
  const { system } = await start(t);
  const pause = system.ask(victim.pause, 50);
  for (let value = 0; value < 7; value += 1) system.tell(victim.narrow, value);
  await pause;
  t.deepEqual((await statusOf(system))?.dropped, { narrow: 5 });
  system.tell(victim.exit, 0);
  await restarted(system, 1, 'victim');
  t.deepEqual((await statusOf(system))?.dropped, { narrow: 5 });
});

test.serial('a loop held beyond the limit is reported once, with actor and message, and the end of it', async (t) => {
  const { system, logs } = await start(t, {}, { watchdog: { limitMs: 150 } });
  const blocked = new Promise<object>((resolve) => system.on(systemEvents.threadBlocked, resolve));
  system.tell(victim.spin, 900);
  t.like(await blocked, { thread: 'victim', actor: 'victim', kind: 'spin' });
  const seen = await seenBy(system, (all) => all.some(({ event }) => event === 'system.threadBlocked'));
  t.like(seen.find(({ event }) => event === 'system.threadBlocked')?.payload, { actor: 'victim', kind: 'spin' });
  t.deepEqual(await system.ask(victim.notes, null), []);
  await until(
    async () => logs,
    (all) => all.some(({ message }) => /victim runs again/.test(message)),
  );
  const warnings = logs.filter(({ level, message }) => level === 'warn' && /has not come back/.test(message));
  t.is(warnings.length, 1);
  t.regex(warnings[0]?.message ?? '', /thread victim .* victim, with message \d+ "spin"/);
  t.is((await statusOf(system))?.blocked, 1);
  t.is((await statusOf(system))?.restarts, 0, 'without a hard limit nothing is ended');
});

for (const [where, kill, kind] of [
  ['a timer', (system: ActorSystem) => system.tell(victim.spinInTimer, 700), 'timer'],
  ['a handler that had awaited', (system: ActorSystem) => system.tell(victim.spinAfterAwait, 700), 'spinAfterAwait'],
] as const) {
  test.serial(`a loop held by ${where} is named as well`, async (t) => {
    const { system } = await start(t, {}, { watchdog: { limitMs: 150 } });
    const blocked = new Promise<object>((resolve) => system.on(systemEvents.threadBlocked, resolve));
    kill(system);
    t.like(await blocked, { actor: 'victim', kind });
  });
}

test.serial('a busy thread that comes back to its loop is not reported', async (t) => {
  const { system, logs } = await start(t, {}, { watchdog: { limitMs: 4_000 } });
  for (let count = 0; count < 8; count += 1) {
    system.tell(victim.spin, 600);
    await system.ask(victim.notes, null);
  }
  t.false(logs.some(({ message }) => /has not come back/.test(message)));
  t.like(await statusOf(system), { handled: 16, blocked: 0 });
});

test.serial('a stop does not hang on an actor that never drains, never closes or never returns', async (t) => {
  const drains = await start(t);
  const pending = t.throwsAsync(drains.system.ask(victim.pause, 60_000, { timeoutMs: 60_000 }));
  const closes = await start(t, { neverStops: true });
  const returns = await start(t);
  await Promise.all([drains, closes, returns].map(({ system }) => system.ask(watcher.seen, null)));
  const blocked = new Promise((resolve) => returns.system.on(systemEvents.threadBlocked, resolve));
  returns.system.tell(victim.spin, Number.POSITIVE_INFINITY);
  await blocked;
  await Promise.all([drains, closes, returns].map(({ system }) => system.stop(['victim', 'watcher'], 100)));
  t.true(isDoinError(await pending, 'actor-stopped'));
  t.true(closes.logs.some(({ message }) => /did not close in time/.test(message)));
  t.true(returns.logs.some(({ message }) => /did not stop in time/.test(message)));
});

test.serial('a stop waits for a crashed life to close its store', async (t) => {
  const file = fileOf([]);
  const { system } = await start(t, { closes: { file, afterMs: 300 } });
  system.tell(victim.crash, { times: 1, note: 1 });
  await seenBy(system, (all) => all.some(({ event }) => event === 'system.actorCrashed'));
  await system.stop(['victim'], 2_000);
  t.is(readFileSync(file, 'utf8'), 'closed');
});

test.serial('the order of a stop is told to those that still run', async (t) => {
  const { system } = await start(t);
  const stopped: string[] = [];
  system.on(systemEvents.actorStopped, ({ actor, cause }) => stopped.push(`${actor} ${cause}`));
  await system.stop(['watcher', 'victim'], 1_000);
  t.deepEqual(stopped, ['watcher told', 'victim told']);
});

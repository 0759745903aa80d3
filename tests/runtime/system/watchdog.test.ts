/** The rule alone, on a clock that the test turns. The whole of it, on threads that hang, is in deaths.test.ts. */
import test from 'ava';
import type { Platform } from '../../../runtime/system/platform.js';
import { ThreadVitals } from '../../../runtime/system/vitals.js';
import { beatIntervalMs, Watchdog, type WatchdogOptions } from '../../../runtime/system/watchdog.js';

/** A watchdog of one thread, whose time passes in steps of one beat. */
function watch(options: WatchdogOptions) {
  let now = 0;
  let due: () => void = () => undefined;
  const platform = {
    monotonic: () => now,
    setTimer: (_: number, callback: () => void) => {
      due = callback;
      return () => {
        due = () => undefined;
      };
    },
  } as unknown as Platform;
  const heard: string[] = [];
  let vitals = ThreadVitals.create(2, 0);
  const actors = [
    { role: 'chain', kinds: [{ kind: 'addBlock', ask: true }] },
    { role: 'gossip', kinds: [{ kind: 'publish', ask: false }] },
  ];
  const watchdog = new Watchdog(options, platform, () => [{ thread: 'core', vitals, actors }], {
    blocked: ({ thread, actor, kind, messageId, heldMs }) =>
      heard.push(`blocked ${thread} ${actor} ${kind} ${messageId} ${heldMs}`),
    released: (thread, heldMs) => heard.push(`released ${thread} ${heldMs}`),
    expired: ({ actor, heldMs }) => heard.push(`expired ${actor} ${heldMs}`),
  });
  watchdog.start();
  return {
    heard,
    watchdog,
    vitals: () => vitals,
    restart: () => {
      vitals = ThreadVitals.create(2, 0);
    },
    pass: (ms: number, beating: boolean) => {
      for (const end = now + ms; now < end; ) {
        now += beatIntervalMs(options);
        if (beating) vitals.beat();
        due();
      }
    },
    sleep: (ms: number) => {
      now += ms;
      due();
    },
  };
}

const LIMIT = { limitMs: 1000, terminateAfterMs: null };

test('a thread that beats is never reported, one that stops is reported once and again for the next time', (t) => {
  const { heard, pass, vitals } = watch(LIMIT);
  vitals().actor(1).begin(0, 77);
  pass(60_000, true);
  t.deepEqual(heard, []);
  pass(1000, false);
  t.deepEqual(heard, [], 'held no longer than the limit');
  pass(5000, false);
  t.deepEqual(heard, ['blocked core gossip publish 77 1250']);
  pass(250, true);
  t.deepEqual(heard.slice(1), ['released core 6000']);
  pass(1250, false);
  t.is(heard.length, 3);
});

test('a handler that waits is named when it is the only one, and nobody when there are several', (t) => {
  const one = watch(LIMIT);
  one.vitals().actor(0).suspend(0, 5);
  one.pass(2000, false);
  t.deepEqual(one.heard, ['blocked core chain addBlock 5 1250']);
  const two = watch(LIMIT);
  two.vitals().actor(0).suspend(0, 5);
  two.vitals().actor(1).suspend(0, 6);
  two.pass(2000, false);
  t.deepEqual(two.heard, ['blocked core null null 0 1250']);
  const done = watch(LIMIT);
  done.vitals().actor(0).suspend(0, 5);
  done.vitals().actor(0).resume();
  done.pass(2000, false);
  t.deepEqual(done.heard, ['blocked core null null 0 1250']);
});

test('when main itself was away, as on a laptop that slept, the threads are not blamed for it', (t) => {
  const { heard, pass, sleep } = watch(LIMIT);
  pass(1000, true);
  sleep(3_600_000);
  t.deepEqual(heard, []);
});

test('beyond the hard limit the thread is given up once, and its successor starts afresh', (t) => {
  const { heard, pass, restart } = watch({ limitMs: 1000, terminateAfterMs: 3000 });
  pass(10_000, false);
  t.deepEqual(heard, ['blocked core null null 0 1250', 'expired null 3250']);
  restart();
  pass(1000, false);
  t.is(heard.length, 2, 'nothing is released, and the count begins again');
});

test('a stopped watchdog says nothing', (t) => {
  const { heard, pass, watchdog } = watch(LIMIT);
  watchdog.stop();
  pass(5000, false);
  t.deepEqual(heard, []);
});

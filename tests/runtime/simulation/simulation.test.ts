import test from 'ava';
import type { Envelope } from '../../../runtime/system/actor.js';
import { defineActor } from '../../../runtime/system/actor.js';
import { Simulation, type SimulationOptions, simulated } from '../../../runtime/system/simulation/simulation.js';
import { systemEvents } from '../../../runtime/system/system-events.js';
import { counter, counterActor, Notebook, senderActor } from './actors.js';

const left = senderActor('left');
const right = senderActor('right');

function world(options: Partial<SimulationOptions> = {}, count = 20) {
  const sim = Simulation.create({ seed: 1, ...options });
  const notebook = new Notebook();
  const node = sim.addNode('n', [
    simulated(counterActor(notebook), {}),
    simulated(left.definition, { count }),
    simulated(right.definition, { count }),
  ]);
  return { sim, node, notebook };
}

async function interleaving(seed: number) {
  const { sim, notebook } = world({ seed });
  await sim.run({ untilMs: 1_000 });
  return { seen: notebook.seen, text: sim.traceText(), digest: sim.traceDigest() };
}

test('one seed gives one trace, byte for byte; another seed another interleaving', async (t) => {
  const first = await interleaving(1);
  const again = await interleaving(1);
  t.is(again.text, first.text);
  t.is(again.digest, first.digest);
  t.true(first.text.includes('"kind":"add"'));
  const orders = new Set<string>();
  for (const seed of [1, 2, 3, 4, 5]) orders.add((await interleaving(seed)).seen.join());
  t.is(orders.size, 5);
});

test('simulations that run side by side do not disturb each other', async (t) => {
  const alone = await interleaving(3);
  const [beside] = await Promise.all([interleaving(3), interleaving(4), interleaving(5)]);
  t.is(beside.digest, alone.digest);
});

test('whatever the seed, nothing is lost and order is kept between two actors', async (t) => {
  for (const seed of [1, 2, 3]) {
    const { seen } = await interleaving(seed);
    const expected = Array.from({ length: 20 }, (_, index) => index + 1);
    for (const role of ['left', 'right']) {
      t.deepEqual(
        seen.filter((entry) => entry.startsWith(role)),
        expected.map((value) => `${role}${value}`),
      );
    }
  }
});

test('a day of virtual time passes at once, and clocks show nothing else', async (t) => {
  const { sim } = world({ startMs: 1_000_000 });
  const day = 86_400_000;
  const at = await sim.settled(sim.node('n').ask(counter.slow, day, { timeoutMs: 2 * day }), 2 * day);
  t.true(at >= 1_000_000 + day && at < 1_000_000 + day + 100);
  t.is(sim.nowMs, Math.trunc(1_000_000 + sim.elapsedMs));
});

test('random bytes of actors come from the seed', async (t) => {
  const drawn = async (seed: number) => {
    let bytes = '';
    const dice = defineActor({
      role: 'dice',
      protocol: {},
      listensTo: [],
      start: (ctx) => {
        bytes = Buffer.from(ctx.randomBytes(16)).toString('hex');
        return { handlers: {}, events: {} };
      },
    });
    const sim = Simulation.create({ seed });
    sim.addNode('n', [simulated(dice, {})]);
    await sim.start();
    return bytes;
  };
  t.is(await drawn(1), await drawn(1));
  t.not(await drawn(1), await drawn(2));
});

test('a node clock that runs ahead does so for its actors only', async (t) => {
  const sim = Simulation.create({ seed: 1, startMs: 1_000_000 });
  sim.addNode('n', [simulated(counterActor(new Notebook()), {})], { clockSkewMs: 60_000 });
  t.true((await sim.ask('n', counter.slow, 1)) >= 1_060_000);
  t.true(sim.nowMs < 1_001_000);
});

test('a crashed thread fails its pending asks at once and starts again from its store', async (t) => {
  const { sim, node, notebook } = world();
  const crashes: string[] = [];
  node.on(systemEvents.actorCrashed, ({ actor }) => crashes.push(actor));
  await sim.run({ untilMs: 50 });
  const answer = node.ask(left.own.askSlow, 60_000);
  await sim.run({ forMs: 10 });
  const before = sim.elapsedMs;
  sim.crash('n', 'counter');
  t.is(await sim.settled(answer), 'actor-crashed');
  t.true(sim.elapsedMs - before < 10);
  await sim.run({ forMs: 1_000 });
  const { seen, starts } = await sim.ask('n', counter.read, null);
  t.is(starts, 2);
  t.is(notebook.stops, 0);
  t.is(seen.length, new Set(seen).size);
  t.deepEqual(crashes, ['counter']);
  t.deepEqual(
    sim.trace.filter(({ what }) => what.startsWith('thread-')).map(({ what }) => what),
    ['thread-crashed', 'thread-restarted'],
  );
});

test('nothing of a killed thread runs on: no timer, no handler, no stop', async (t) => {
  const { sim, notebook } = world({}, 1_000);
  await sim.run({ untilMs: 100 });
  sim.crash('n');
  const { length } = notebook.seen;
  await sim.run({ forMs: 10_000 });
  t.is(notebook.seen.length, length);
  t.is(notebook.stops, 0);
  t.throws(() => sim.node('n').tell(counter.fail, null), { message: /n is down/ });
});

test('a node that was crashed starts again with what its stores hold, and listeners of the test stay', async (t) => {
  const { sim, node, notebook } = world();
  const heard: number[] = [];
  node.on(counter.added, (value) => heard.push(value));
  await sim.run({ untilMs: 60 });
  sim.crash('n');
  t.false(node.isUp);
  const { length } = heard;
  sim.restart('n');
  await sim.run({ forMs: 1_000 });
  t.is(notebook.starts, 2);
  t.true(heard.length > length);
  t.deepEqual(await sim.ask('n', left.own.heard, null), await sim.ask('n', right.own.heard, null));
});

test('an actor that crashes too often takes its node down, with the reason', async (t) => {
  const { sim, node } = world({ restart: { maxRestarts: 2, baseDelayMs: 10 } });
  for (let crash = 0; crash < 3 && node.isUp; crash += 1) {
    node.tell(counter.fail, null);
    await sim.run({ forMs: 200 });
  }
  t.false(node.isUp);
  t.like(node.failure, { code: 'actor-restarts-exhausted' });
  t.is(sim.trace.at(-1)?.what, 'escalation');
});

test('a start that fails is told with its own error', async (t) => {
  const broken = defineActor({
    role: 'broken',
    protocol: {},
    listensTo: [],
    start: () => {
      throw new Error('no disk');
    },
  });
  const sim = Simulation.create({ seed: 1 });
  sim.addNode('n', [simulated(broken, {})]);
  t.like(await t.throwsAsync(sim.start()), { code: 'actor-start-failed' });
});

test('an orderly stop drains mailboxes and lets actors close', async (t) => {
  const { sim, node, notebook } = world({}, 0);
  await sim.start();
  for (let value = 0; value < 50; value += 1) node.tell(counter.add, { from: 'main', value });
  await sim.run({ forMs: 1 });
  await sim.stop('n', ['counter']);
  t.is(notebook.seen.length, 50);
  t.is(notebook.stops, 1);
});

test('actors placed on one thread behave alike', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  const notebook = new Notebook();
  const actors = [simulated(counterActor(notebook), {}), simulated(left.definition, { count: 5 })];
  const node = sim.addNode('n', actors, { placement: { all: ['counter', 'left'] } });
  await sim.run({ untilMs: 100 });
  t.is(notebook.seen.length, 5);
  t.deepEqual(new Set(node.status().map(({ thread }) => thread)), new Set(['all']));
});

test('a simulation that gets nowhere is ended', async (t) => {
  const sim = Simulation.create({ seed: 1, maxSteps: 1_000 });
  const circle = (): void => void sim.schedule(0, circle);
  circle();
  t.like(await t.throwsAsync(sim.run({ forMs: 1 })), { code: 'simulation-runaway' });
});

test('what crosses from one actor to another is a copy, as between threads', async (t) => {
  const { sim, node } = world({}, 0);
  const first = await sim.ask('n', counter.read, null);
  (first.seen as string[]).push('not from here');
  t.deepEqual((await sim.ask('n', counter.read, null)).seen, []);
  t.notThrows(() => node.inspect('counter'));
  const envelopes: Envelope[] = [];
  node.on(counter.added, (_, envelope) => envelopes.push(envelope));
  node.tell(counter.add, { from: 'main', value: 1 });
  await sim.run({ forMs: 10 });
  t.is(envelopes.length, 1);
});

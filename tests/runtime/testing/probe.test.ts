import test from 'ava';
import { DoinError } from '../../../runtime/errors.js';
import { ask, event, protocol, tell } from '../../../runtime/system/protocol.js';
import { Simulation, simulated } from '../../../runtime/system/simulation/simulation.js';
import { type ActorSpec, ActorSystem } from '../../../runtime/system/system.js';
import { expectMessage, expectNoMessage } from '../../../runtime/system/testing/expect.js';
import { withFaults } from '../../../runtime/system/testing/faults.js';
import { TestProbe } from '../../../runtime/system/testing/probe.js';
import { counter, counterActor, Notebook, senderActor } from '../simulation/actors.js';

const sink = protocol('sink', {
  put: tell<{ value: number; bytes: Uint8Array }>(),
  get: ask<{ key: string }, { value: number }>({ timeoutMs: 2_000 }),
  noise: event<{ loud: boolean }>(),
});

function start(...actors: ActorSpec[]) {
  return ActorSystem.start({ actors, logLevel: 'silent', onEscalation: () => undefined, onLog: () => undefined });
}

test('on a real thread a probe records what it is sent and answers as it is told', async (t) => {
  const probe = TestProbe.of(sink).answer(sink.get, ({ key }) => ({ value: key.length }));
  const system = await start(probe.spec());
  t.teardown(() => Promise.all([system.stop(), probe.close()]));
  system.tell(sink.put, { value: 7, bytes: Uint8Array.of(1, 2) });
  t.deepEqual(await expectMessage(probe, sink.put), { value: 7, bytes: Uint8Array.of(1, 2) });
  t.deepEqual(await system.ask(sink.get, { key: 'four' }), { value: 4 });
  t.like(probe.received[0], { type: 'tell', kind: 'put', from: 'main', to: 'sink' });
});

test('on a real thread a probe speaks as its role, and its errors keep their code', async (t) => {
  const probe = TestProbe.of(sink).answer(sink.get, ({ key }) => {
    throw new DoinError({ code: 'no-such-key', key }, `no ${key}`);
  });
  const system = await start(probe.spec());
  t.teardown(() => Promise.all([system.stop(), probe.close()]));
  const heard = new Promise((resolve) => system.on(sink.noise, resolve));
  // The answer also says that the probe's thread knows who listens.
  t.like(await t.throwsAsync(system.ask(sink.get, { key: 'x' })), { code: 'no-such-key', data: { key: 'x' } });
  probe.emit(sink.noise, { loud: true });
  t.deepEqual(await heard, { loud: true });
});

test('an ask that the test gave no answer to says so', async (t) => {
  const probe = TestProbe.of(sink);
  const system = await start(probe.spec());
  t.teardown(() => Promise.all([system.stop(), probe.close()]));
  t.like(await t.throwsAsync(system.ask(sink.get, { key: 'x' })), { code: 'probe-has-no-answer' });
});

test('a held back answer holds up nothing else', async (t) => {
  let release: (reply: { value: number }) => void = () => undefined;
  const probe = TestProbe.of(sink).answer(sink.get, ({ key }) =>
    key === 'slow'
      ? new Promise((resolve) => {
          release = resolve;
        })
      : { value: 1 },
  );
  const system = await start(probe.spec());
  t.teardown(() => Promise.all([system.stop(), probe.close()]));
  const slow = system.ask(sink.get, { key: 'slow' });
  t.deepEqual(await system.ask(sink.get, { key: 'fast' }), { value: 1 });
  release({ value: 2 });
  t.deepEqual(await slow, { value: 2 });
});

test('an expectation that fails names what came instead, and none fits the same message twice', async (t) => {
  const probe = TestProbe.of(sink);
  const system = await start(probe.spec());
  t.teardown(() => Promise.all([system.stop(), probe.close()]));
  system.tell(sink.put, { value: 1, bytes: new Uint8Array() });
  system.tell(sink.put, { value: 2, bytes: new Uint8Array() });
  t.like(await expectMessage(probe, sink.put, { matching: ({ value }) => value === 2 }), { value: 2 });
  t.like(await expectMessage(probe, sink.put), { value: 1 });
  await expectNoMessage(probe, { of: sink.put, during: 20 });
  const error = await t.throwsAsync(expectMessage(probe, sink.get, { within: 20 }));
  t.is(error?.message, 'no sink.get within 20 ms; the probe of sink got put from main, put from main');
  system.tell(sink.put, { value: 3, bytes: new Uint8Array() });
  t.like(await t.throwsAsync(expectNoMessage(probe, { during: 1_000 })), { code: 'expectation-failed' });
});

test('in a simulation a probe waits in virtual time', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  const probe = TestProbe.of(counter, { clock: sim }).answer(counter.slow, (ms) => ms + 1);
  const left = senderActor('left');
  sim.addNode('n', [simulated(probe.definition(), {}), simulated(left.definition, { count: 3 })]);
  t.deepEqual(await expectMessage(probe, counter.add, { within: 1_000 }), { from: 'left', value: 1 });
  t.true(sim.elapsedMs > 4 && sim.elapsedMs < 10);
  await expectMessage(probe, counter.add);
  await expectMessage(probe, counter.add);
  await expectNoMessage(probe, { during: 3_600_000 });
  t.true(sim.elapsedMs > 3_600_000);
  t.is(await sim.ask('n', left.own.askSlow, 1), 'ok');
  probe.emit(counter.added, 5);
  await sim.run({ forMs: 10 });
  t.deepEqual(await sim.ask('n', left.own.heard, null), [5]);
});

test('a probe listens to events of others when told to', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  const probe = TestProbe.of(sink, { clock: sim, listensTo: [counter.added] });
  const node = sim.addNode('n', [simulated(probe.definition(), {}), simulated(counterActor(new Notebook()), {})]);
  node.tell(counter.add, { from: 'main', value: 4 });
  t.is(await expectMessage(probe, counter.added), 4);
});

test('faults in an actor: delayed, dropped, doubled and crashing handlers', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  const notebook = new Notebook();
  const faulty = withFaults(counterActor(notebook), [
    { on: counter.add, drop: true, times: 1 },
    { on: counter.add, duplicate: true, times: 2 },
    { on: counter.slow, delayMs: 500 },
  ]);
  const node = sim.addNode('n', [simulated(faulty, {})]);
  await sim.start();
  for (const value of [1, 2, 3]) node.tell(counter.add, { from: 'main', value });
  await sim.run({ forMs: 10 });
  t.deepEqual(notebook.seen, ['main2', 'main2', 'main3']);
  const before = sim.elapsedMs;
  await sim.ask('n', counter.slow, 1);
  t.true(sim.elapsedMs - before >= 501);
});

test('a share of faults is drawn from the seed', async (t) => {
  const drops = async (seed: number) => {
    const sim = Simulation.create({ seed });
    const notebook = new Notebook();
    const faulty = withFaults(counterActor(notebook), [{ on: counter.add, drop: true, share: 0.5 }]);
    const node = sim.addNode('n', [simulated(faulty, {})]);
    for (let value = 0; value < 100; value += 1) node.tell(counter.add, { from: '', value });
    await sim.run({ forMs: 100 });
    return notebook.seen;
  };
  const first = await drops(1);
  t.true(first.length > 25 && first.length < 75);
  t.deepEqual(await drops(1), first);
  t.notDeepEqual(await drops(2), first);
});

test('a definition with faults crashes on a real thread as often as it should', async (t) => {
  const module = new URL('./flaky.js', import.meta.url).href;
  const system = await start({ role: 'counter', module, exportName: 'crashesTwice', options: {} });
  t.teardown(() => system.stop());
  system.tell(counter.add, { from: 'main', value: 1 });
  t.is((await system.status())[0]?.state === 'stopped', false);
  const added = new Promise((resolve) => system.on(counter.added, resolve));
  system.tell(counter.add, { from: 'main', value: 2 });
  system.tell(counter.add, { from: 'main', value: 3 });
  t.true([1, 2, 3].includes((await added) as number));
  t.true(((await system.status())[0]?.restarts ?? 0) >= 1);
});

import test from 'ava';
import { type FaultRule, Simulation, simulated } from '../../../runtime/system/simulation/simulation.js';
import { counter, counterActor, Notebook, senderActor } from './actors.js';

const left = senderActor('left');
const right = senderActor('right');
const COUNT = 200;

async function under(rule: FaultRule | null, seed = 1) {
  const sim = Simulation.create({ seed });
  const notebook = new Notebook();
  sim.addNode('n', [
    simulated(counterActor(notebook), {}),
    simulated(left.definition, { count: COUNT }),
    simulated(right.definition, { count: COUNT }),
  ]);
  await sim.start();
  if (rule !== null) sim.inject(rule);
  await sim.run({ untilMs: 10_000 });
  const fates = sim.trace.flatMap((record) => (record.what === 'fault' ? [record.fate] : []));
  return { sim, seen: notebook.seen, fates };
}

const adds = (message: { readonly kind: string }) => message.kind === 'add';

test('without a rule everything arrives', async (t) => {
  const { seen, fates } = await under(null);
  t.is(seen.length, 2 * COUNT);
  t.deepEqual(fates, []);
});

test('a share of messages is dropped, each of them on record', async (t) => {
  const { seen, fates } = await under({ match: adds, drop: 0.25 });
  const dropped = fates.filter((fate) => fate === 'dropped').length;
  t.is(seen.length, 2 * COUNT - dropped);
  t.true(dropped > 60 && dropped < 140);
});

test('drops do not use up the credit of the sender', async (t) => {
  const { sim, seen } = await under({ match: adds, drop: 1 });
  t.is(seen.length, 0);
  const node = sim.node('n');
  for (let value = 0; value < 5_000; value += 1) node.tell(counter.add, { from: 'main', value });
  await sim.run({ forMs: 1_000 });
  t.like(await sim.ask('n', counter.read, null), { seen: [] });
});

test('a share is duplicated', async (t) => {
  const { seen, fates } = await under({ match: adds, duplicate: 0.5 });
  t.is(seen.length, 2 * COUNT + fates.length);
  t.is(new Set(seen).size, 2 * COUNT);
  t.true(fates.length > 100);
});

test('delays change who comes first, but not the order between two actors', async (t) => {
  const usual = await under(null);
  const { seen } = await under({ match: adds, delayMs: [0, 50] });
  t.notDeepEqual(seen, usual.seen);
  for (const role of ['left', 'right']) {
    const values = seen.filter((entry) => entry.startsWith(role)).map((entry) => Number(entry.slice(role.length)));
    t.deepEqual(
      values,
      [...values].sort((a, b) => a - b),
    );
    t.is(values.length, COUNT);
  }
});

test('a dropped ask ends at its deadline, in virtual time', async (t) => {
  const { sim } = await under({ match: ({ kind, type }) => kind === 'slow' && type === 'ask', drop: 1 });
  const before = sim.elapsedMs;
  t.is(await sim.ask('n', left.own.askSlow, 1), 'ask-timeout');
  t.true(sim.elapsedMs - before >= 5_000 && sim.elapsedMs - before < 5_010);
});

test('a dropped reply looks to the caller like a dropped ask', async (t) => {
  const { sim } = await under({ match: ({ type, to }) => type === 'reply' && to === 'left', drop: 1 });
  t.is(await sim.ask('n', left.own.askSlow, 1), 'ask-timeout');
});

test('a message can be the last its receiver ever sees', async (t) => {
  const { sim, fates } = await under({ match: adds, crash: 1, times: 1 });
  t.deepEqual(fates, ['crashed']);
  t.like(await sim.ask('n', counter.read, null), { starts: 2 });
});

test('a rule ends after its times, and when it is taken back', async (t) => {
  t.is((await under({ match: adds, drop: 1, times: 7 })).seen.length, 2 * COUNT - 7);
  const sim = Simulation.create({ seed: 1 });
  const notebook = new Notebook();
  const node = sim.addNode('n', [simulated(counterActor(notebook), {})]);
  const cancel = sim.inject({ drop: 1 });
  node.tell(counter.add, { from: 'main', value: 1 });
  await sim.run({ forMs: 10 });
  cancel();
  node.tell(counter.add, { from: 'main', value: 2 });
  await sim.run({ forMs: 10 });
  t.deepEqual(notebook.seen, ['main2']);
});

/** One trace id follows an optimum from its first training to its block, on every node of a network. */
import test from 'ava';
import { optimizer } from '../../../actors/optimizer/messages.js';
import type { TraceRecord } from '../../../runtime/trace/record.js';
import { storyIdOf } from '../../../runtime/trace/story-id.js';
import { SimulatedDoin } from '../../kit/network.js';

type Handled = TraceRecord & { readonly node: string };

const NODES = ['ada', 'ben', 'cyd', 'dan'];

/** Everything that was handled in half a minute of virtual time; one run serves both tests. */
async function runNetwork(): Promise<readonly Handled[]> {
  const { sim } = await SimulatedDoin.create({ seed: 'story', nodes: NODES });
  await sim.run({ forMs: 30_000 });
  return sim.trace.flatMap((entry) => (entry.what === 'handled' ? [{ ...entry.record, node: entry.node }] : []));
}

const running = runNetwork();

test('from training to block, on the node that found it and on those that measured it', async (t) => {
  const handled = await running;
  const votes = handled.filter(({ from, kind }) => from === 'quorum' && kind === 'submit');
  const optimum = votes.find(({ optima }) => {
    const steps = handled.filter(({ traceId }) => traceId === storyIdOf(optima[0] ?? ''));
    return steps.some(({ kind }) => kind === optimizer.roundFinished.name || kind === 'run');
  })?.optima[0];
  t.truthy(optimum);
  const story = handled.filter(({ traceId }) => traceId === storyIdOf(optimum!));
  const doing = (from: string, actor: string, kind: string) =>
    new Set(
      story.filter((one) => one.from === from && one.actor === actor && one.kind === kind).map(({ node }) => node),
    );

  const finder = [...doing('optimizer', 'chain', 'submit')];
  t.is(finder.length, 1, 'one node committed and revealed it');
  // The others measure the champion on held-out data, later.
  const [training] = story.filter(({ from, kind }) => from === 'optimizer' && kind === 'run');
  t.is(training?.node, finder[0]);
  t.deepEqual(training?.optima, [], 'its first training already is in its story, when it has no name yet');
  const others = NODES.filter((node) => node !== finder[0]);
  const hearers = doing('gossip', 'chain', 'receiveTransaction');
  t.true(
    others.every((node) => hearers.has(node)),
    'the others heard of it in its story',
  );
  const voters = doing('quorum', 'chain', 'submit');
  t.true(voters.size >= 3);
  t.deepEqual(doing('quorum', 'evaluator', 'measure'), voters, 'measured and voted in its story, on several nodes');
  t.false(voters.has(finder[0]!));
});

test('a block is in one story on all nodes', async (t) => {
  const handled = await running;
  const applied = handled.filter(({ actor, kind }) => actor === 'quorum' && kind === 'chain.blockApplied');
  t.true(applied.length > NODES.length);
  for (const { traceId, block } of applied) t.is(traceId, storyIdOf(block!));
  const first = applied[0]!;
  const seenBy = new Set(applied.filter(({ traceId }) => traceId === first.traceId).map(({ node }) => node));
  t.deepEqual([...seenBy].sort(), NODES);
});

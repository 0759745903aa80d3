/** Finality among real nodes on virtual time: it keeps up, it needs two thirds, and an idle network falls silent. */
import test from 'ava';
import { chain } from '../../actors/chain/messages.js';
import { SimulatedDoin } from '../kit/network.js';

const EIGHT = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const CALM = 20_000;

async function finals(doin: SimulatedDoin, names: readonly string[]) {
  const heights: number[] = [];
  for (const name of names) heights.push((await doin.status(name)).finalized.height);
  return heights;
}

test.serial('four nodes finalise what they prove, follow each other, and then fall silent', async (t) => {
  const doin = await SimulatedDoin.create({ seed: 11, nodes: EIGHT.slice(0, 4) });
  await doin.sim.run({ untilMs: 40_000 });
  t.true(Math.min(...(await finals(doin, doin.names))) > 4, 'while everybody works');
  for (let patience = 0; patience < 3; patience += 1) await doin.calm(CALM);
  const before = await doin.status('a');
  t.false(before.busy);
  await doin.sim.run({ forMs: 60_000 });
  for (const name of doin.names) {
    const status = await doin.status(name);
    t.is(status.hash, before.hash, 'no block for a minute');
    t.deepEqual(status.finalized, before.finalized);
  }
  const { blocks } = await doin.sim.ask('a', chain.getApplied, { fromHeight: 1, limit: 500 });
  const lastProof = blocks.findLast(({ isProofBlock }) => isProofBlock)!;
  t.true(lastProof.height > 0 && before.finalized.height >= lastProof.height);
  t.is(before.finalized.hash, blocks[before.finalized.height - 1]!.hash);
});

for (const size of [5, 6]) {
  const rest = EIGHT.length - size;
  test.serial(
    `of a network cut ${size} to ${rest} the smaller part finalises nothing; afterwards there is one head`,
    async (t) => {
      const doin = await SimulatedDoin.create({ seed: 12, nodes: EIGHT });
      await doin.sim.run({ untilMs: 20_000 });
      const [larger, smaller] = [EIGHT.slice(0, size), EIGHT.slice(size)];
      doin.sim.partition([larger, smaller]);
      await doin.sim.run({ forMs: 5_000 });
      const atCut = await finals(doin, smaller);
      const { height } = await doin.status('h');
      await doin.sim.run({ forMs: 40_000 });
      t.true((await doin.status('h')).height > height, 'the smaller part goes on');
      t.deepEqual(await finals(doin, smaller), atCut);
      const { finalized } = await doin.status('a');
      // Three quarters are a majority of two thirds, five eighths are not.
      t.is(finalized.height > Math.max(...atCut), size === 6);
      doin.sim.heal();
      let agreed = false;
      for (let patience = 0; patience < 4 && !agreed; patience += 1) agreed = await doin.calm(CALM);
      t.true(agreed);
      const { view } = await doin.sim.ask('h', chain.getBlockView, { height: finalized.height });
      t.is(view?.hash, finalized.hash, 'what was final stands everywhere');
      t.true((await doin.status('h')).finalized.height > Math.max(...atCut), 'and finality goes on');
    },
  );
}

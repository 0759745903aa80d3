/** A node carries its own domains only, and follows the whole chain all the same. */
import test from 'ava';
import { chain } from '../../actors/chain/messages.js';
import { HEAVY_BYTES, heavySpec } from '../kit/heavy-domain.js';
import { SimulatedDoin } from '../kit/network.js';

const NODES = ['light', 'b', 'c', 'd', 'e'];

test('blobs of a domain reach who works on it; who does not verifies every block and root without them', async (t) => {
  t.timeout(120_000);
  const doin = await SimulatedDoin.create({
    seed: 7,
    nodes: NODES,
    moreDomains: [heavySpec],
    works: (name, domain) => (name === 'light') !== (domain === 'heavy'),
  });
  await doin.sim.run({ untilMs: 40_000 });
  t.true(await doin.calm(20_000));

  const { blocks } = await doin.sim.ask('light', chain.getApplied, { fromHeight: 1, limit: 500 });
  const heavy = blocks
    .flatMap(({ records }) => records)
    .flatMap((record) => (record.type === 'OPTIMAE_ACCEPTED' && record.domain === 'heavy' ? [record.blob?.hash] : []));
  t.true(heavy.length > 0, 'the other domain lives');
  t.is(await doin.stateRoot('light'), await doin.stateRoot('b'));

  const total = (protocols: readonly string[]) => (name: string) =>
    protocols.reduce((sum, protocol) => sum + doin.answerBytes(name, protocol), 0);
  const blobBytes = NODES.map(total(['blob-hashes', 'blob-chunk']));
  t.log({ blobBytes, blocks: blocks.length, heavy: heavy.length });
  for (const bytes of blobBytes.slice(1)) t.true(bytes > HEAVY_BYTES, 'who works on it has fetched it');
  t.is(blobBytes[0], 0);
  t.deepEqual(await doin.blobs('light'), []);
  t.true((await doin.blobs('b')).includes(heavy[0] ?? ''));
});

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { SqliteBlockStore, type StoredBlock } from '../../../actors/chain/store.js';

const block = (hash: string, parent: string, height: number): StoredBlock => ({
  hash,
  parent,
  height,
  isProofBlock: false,
  bytes: new Uint8Array([height]),
});

test('a reader sees one instant of the chain, whatever the node does to it meanwhile', async (t) => {
  const file = join(await mkdtemp(join(tmpdir(), 'doin-store-')), 'chain.db');
  const writer = await SqliteBlockStore.open(file, 'genesis');
  await writer.save([{ block: block('a1', 'genesis', 1), records: [], moves: [] }], {
    head: 'a1',
    reverted: [],
    applied: ['a1'],
  });
  await writer.save([{ block: block('a2', 'a1', 2), records: [], moves: [] }], {
    head: 'a2',
    reverted: [],
    applied: ['a2'],
  });

  const reader = await SqliteBlockStore.open(file, 'genesis', { readOnly: true });
  await writer.save([{ block: block('b1', 'genesis', 1), records: [], moves: [] }], null);
  await writer.save([{ block: block('b2', 'b1', 2), records: [], moves: [] }], {
    head: 'b2',
    reverted: ['a2', 'a1'],
    applied: ['b1', 'b2'],
  });
  t.deepEqual(
    (await reader.canonicalFrom(1, 10)).map(({ hash }) => hash),
    ['a1', 'a2'],
  );
  await reader.close();

  const later = await SqliteBlockStore.open(file, 'genesis', { readOnly: true });
  t.deepEqual(
    (await later.canonicalFrom(1, 10)).map(({ hash }) => hash),
    ['b1', 'b2'],
  );
  await later.close();
  await writer.close();
});

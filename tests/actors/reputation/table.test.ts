import test from 'ava';
import fc from 'fast-check';
import type { BlockApplied } from '../../../actors/chain/messages.js';
import type { ChainRecord, JudgedVote } from '../../../actors/chain/types.js';
import { ReputationTable } from '../../../actors/reputation/table.js';

const HALF_LIFE_MS = 604_800_000;
const HASH = '00'.repeat(32);
const START_MS = 1_800_000_000_000;

const node = fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5');
const votes = fc.array(
  fc.record({ evaluator: node, outcome: fc.constantFrom<JudgedVote['outcome']>('agreed', 'divergent', 'missed') }),
  { maxLength: 3 },
);
/** The records that the table reads, with the fields it reads. */
const record: fc.Arbitrary<ChainRecord> = fc.oneof(
  fc
    .record({ node, beforeMicro: fc.nat(9_000_000), afterMicro: fc.nat(9_000_000) })
    .map((fields): ChainRecord => ({ type: 'REPUTATION', ...fields })),
  fc
    .record({ optimizer: node, votes })
    .map((fields) => ({ type: 'OPTIMAE_ACCEPTED', ...fields }) as unknown as ChainRecord),
  fc
    .record({ optimizer: node, votes })
    .map((fields) => ({ type: 'OPTIMAE_REJECTED', ...fields }) as unknown as ChainRecord),
  fc
    .record({ evaluator: node, status: fc.constantFrom('missed', 'voted') })
    .map((seat) => ({ type: 'TASK_COMPLETED', seat }) as unknown as ChainRecord),
);
const contents = (maxLength: number) => fc.array(fc.array(record, { maxLength: 4 }), { maxLength });

function block(branch: string, height: number, parent: string, records: readonly ChainRecord[]): BlockApplied {
  const timestampMs = START_MS + height * 60_000;
  const hash = `${branch}${height}`;
  return { height, hash, parent, timestampMs, proposer: HASH, isProofBlock: false, transactions: 0, records };
}

function chainOf(branch: string, base: readonly BlockApplied[], bodies: readonly (readonly ChainRecord[])[]) {
  const chain = [...base];
  for (const records of bodies) chain.push(block(branch, chain.length + 1, chain.at(-1)?.hash ?? 'genesis', records));
  return chain;
}

function tableOf(blocks: readonly BlockApplied[]): ReputationTable {
  const table = new ReputationTable(HALF_LIFE_MS);
  for (const applied of blocks) table.apply(applied);
  return table;
}

const NOW_MS = START_MS + 1_000 * 60_000;
const contentOf = (table: ReputationTable) => [
  table.height,
  ...table.highest(10, NOW_MS).toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1)),
];

test('a branch switch taken back block by block leaves the table that a rebuild would make', (t) => {
  fc.assert(
    fc.property(contents(8), contents(6), contents(6), (common, left, right) => {
      const base = chainOf('a', [], common);
      const old = chainOf('b', base, left);
      const table = tableOf(old);
      const reverted = old.slice(base.length).reverse();
      t.true(table.revert(reverted.map(({ hash }) => hash)));
      t.deepEqual(contentOf(table), contentOf(tableOf(base)));
      const next = chainOf('c', base, right);
      for (const applied of next.slice(base.length)) {
        t.true(table.isNext(applied));
        table.apply(applied);
      }
      t.deepEqual(contentOf(table), contentOf(tableOf(next)));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('what reaches beyond the last 256 blocks, or was never applied, is not taken back, and nothing changes', (t) => {
  const gain: ChainRecord = { type: 'REPUTATION', node: 'n1', beforeMicro: 0, afterMicro: 5_000_000 };
  const chain = chainOf(
    'a',
    [],
    Array.from({ length: 300 }, () => [gain]),
  );
  const hashes = chain.map(({ hash }) => hash).reverse();
  const table = tableOf(chain);
  const before = contentOf(table);
  t.false(table.revert(hashes.slice(0, 257)));
  t.false(table.revert(['b300']));
  t.false(table.revert(hashes.slice(1, 3)), 'not the last ones');
  t.deepEqual(contentOf(table), before);
  t.true(table.revert(hashes.slice(0, 256)));
  t.deepEqual(contentOf(table), contentOf(tableOf(chain.slice(0, 44))));
});

test('a block of another branch is not the next one', (t) => {
  const table = tableOf(chainOf('a', [], [[], []]));
  t.true(table.isNext(block('a', 3, 'a2', [])));
  t.false(table.isNext(block('b', 3, 'b2', [])));
  t.false(table.isNext(block('a', 4, 'a3', [])));
});

import test from 'ava';
import fc from 'fast-check';
import { StateTree } from '../../../actors/chain/state/tree.js';
import { toUtf8 } from '../../../runtime/codec/bytes.js';

type Write = readonly [key: string, value: number | null];

/** Few keys, so that writes meet; null deletes. */
const writes: fc.Arbitrary<readonly Write[]> = fc.array(
  fc.tuple(
    fc.nat(24).map((key) => `key/${key}`),
    fc.oneof({ weight: 3, arbitrary: fc.nat(9) }, { weight: 2, arbitrary: fc.constant(null) }),
  ),
  { maxLength: 60, size: 'max' },
);

function put(tree: StateTree, key: string, value: number): StateTree {
  return tree.set(key, value, () => toUtf8(String(value)));
}
const write = (tree: StateTree, [key, value]: Write) => (value === null ? tree.delete(key) : put(tree, key, value));
const treeOf = (entries: Iterable<readonly [string, number]>) =>
  [...entries].reduce((tree, [key, value]) => put(tree, key, value), StateTree.empty);
const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1);

test('a tree holds what a map holds after any writes, and its root follows from that alone', (t) => {
  fc.assert(
    fc.property(writes, (list) => {
      const model = new Map<string, number>();
      let tree = StateTree.empty;
      for (const [key, value] of list) {
        tree = write(tree, [key, value]);
        if (value === null) model.delete(key);
        else model.set(key, value);
      }
      for (let key = 0; key <= 24; key += 1) t.is(tree.get(`key/${key}`), model.get(`key/${key}`));
      t.deepEqual([...tree.entries()].sort(byKey), [...model].sort(byKey));
      t.is(tree.root(), treeOf([...model].sort(byKey)).root());
      t.is(tree.root(), treeOf([...model].sort(byKey).reverse()).root());
      t.deepEqual([...tree.entries()], [...treeOf([...model].sort(byKey)).entries()], 'and so does the order');
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('older versions keep their entries and roots whatever is written later', (t) => {
  fc.assert(
    fc.property(writes, (list) => {
      const versions: { tree: StateTree; entries: unknown; root: string }[] = [];
      let tree = StateTree.empty;
      for (const [index, one] of list.entries()) {
        // Every third root is only asked for at the end: hashing late must give the same.
        versions.push({ tree, entries: [...tree.entries()], root: index % 3 === 0 ? '' : tree.root() });
        tree = write(tree, one);
      }
      for (const version of versions) {
        t.deepEqual([...version.tree.entries()], version.entries);
        const { root } = version;
        if (root !== '') t.is(version.tree.root(), root);
        t.is(version.tree.root(), treeOf(version.entries as [string, number][]).root());
      }
    }),
    { numRuns: 60, seed: 2 },
  );
});

test('setting and deleting a key that was not there restores the former root', (t) => {
  fc.assert(
    fc.property(writes, fc.string(), (list, name) => {
      const tree = list.reduce(write, StateTree.empty);
      const extra = `extra/${name}`;
      return put(tree, extra, 1).delete(extra).root() === tree.root() && tree.delete(extra).root() === tree.root();
    }),
    { numRuns: 200, seed: 3 },
  );
  t.is(put(StateTree.empty, 'a', 1).delete('a').root(), '00'.repeat(32));
});

test('different contents have different roots', (t) => {
  const contents = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(2), { noNullPrototype: true });
  fc.assert(
    fc.property(contents, contents, (a, b) => {
      const [first, second] = [a, b].map((entries) => Object.entries(entries).sort(byKey));
      return (treeOf(first!).root() === treeOf(second!).root()) === (JSON.stringify(first) === JSON.stringify(second));
    }),
    { numRuns: 500, seed: 4 },
  );
  t.not(treeOf([['a', 1]]).root(), treeOf([['b', 1]]).root());
});

test('a value is encoded once, when a root is asked for', (t) => {
  let encoded = 0;
  const tree = StateTree.empty.set('a', 1, () => {
    encoded += 1;
    return toUtf8('1');
  });
  t.is(encoded, 0);
  const larger = treeOf([]).set('x', 1, () => toUtf8('1'));
  t.is(larger.get('x'), 1);
  tree.root();
  put(tree, 'b', 2).root();
  put(tree, 'c', 3).delete('c').root();
  t.is(encoded, 1);
});

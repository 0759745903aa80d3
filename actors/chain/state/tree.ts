/**
 * The state as an authenticated, persistent map: a binary trie over hashed keys in which a subtree with a single leaf
 * *is* that leaf. Its shape follows from the set of keys alone, so equal contents give equal roots whatever the order
 * of writes. `set` and `delete` copy only the path they touch; every older version stays intact, which makes a branch
 * switch a change of pointer. Hashes are computed when a root is asked for and then remembered, so one block hashes
 * each touched node once.
 */
import { fromHex, toHex, toUtf8 } from '../../../runtime/codec/bytes.js';
import { hashBytes } from '../../../runtime/crypto/hash.js';

interface Leaf {
  readonly kind: 'leaf';
  readonly path: Uint8Array;
  readonly key: string;
  readonly value: unknown;
  readonly encode: () => Uint8Array;
  hash: Uint8Array | null;
}
interface Branch {
  readonly kind: 'branch';
  readonly left: Node | null;
  readonly right: Node | null;
  hash: Uint8Array | null;
}
type Node = Leaf | Branch;

const EMPTY = new Uint8Array(32);

export class StateTree {
  static readonly empty = new StateTree(null);
  readonly #root: Node | null;

  private constructor(root: Node | null) {
    this.#root = root;
  }

  get(key: string): unknown {
    const path = pathOf(key);
    let node = this.#root;
    for (let depth = 0; node !== null; depth += 1) {
      if (node.kind === 'leaf') return node.key === key ? node.value : undefined;
      node = bitAt(path, depth) === 0 ? node.left : node.right;
    }
    return undefined;
  }

  /** `encode` gives the canonical bytes of the value; it runs at most once, when the root is asked for. */
  set(key: string, value: unknown, encode: () => Uint8Array): StateTree {
    return new StateTree(insert(this.#root, { kind: 'leaf', path: pathOf(key), key, value, encode, hash: null }, 0));
  }

  delete(key: string): StateTree {
    return new StateTree(remove(this.#root, pathOf(key), key, 0));
  }

  /** 32 bytes as hex; all zero for the empty map. */
  root(): string {
    return toHex(hashOf(this.#root));
  }

  /** The whole tree in subtrees within these limits: the largest there are, in the order of hashed keys. */
  subtrees(limits: SubtreeLimits): Generator<Subtree> {
    return cut(this.#root, limits, []);
  }

  /** Every entry, in the order of hashed keys: equal on every machine. */
  *entries(): Generator<readonly [key: string, value: unknown]> {
    yield* walk(this.#root);
  }
}

/** One leaf as bytes. */
export interface LeafBytes {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** What a subtree may hold; one leaf it always may. */
export interface SubtreeLimits {
  readonly leaves: number;
  /** Of keys and values together. */
  readonly bytes: number;
}

/** A whole subtree, with the hashes beside its way from the root, topmost first; its depth is their number. */
export interface Subtree {
  readonly leaves: readonly LeafBytes[];
  readonly siblings: readonly string[];
}

/**
 * The root of the tree that this subtree belongs to, in an honest tree. Null when its leaves do not belong under one
 * node of that depth.
 */
export function rootOver({ leaves, siblings }: Subtree): string | null {
  const depth = siblings.length;
  let node: Node | null = null;
  let path: Uint8Array | null = null;
  for (const { key, bytes } of leaves) {
    const leaf: Leaf = { kind: 'leaf', path: pathOf(key), key, value: undefined, encode: () => bytes, hash: null };
    path ??= leaf.path;
    for (let at = 0; at < depth; at += 1) if (bitAt(leaf.path, at) !== bitAt(path, at)) return null;
    node = insert(node, leaf, depth);
  }
  if (path === null || depth > 256) return depth === 0 ? toHex(EMPTY) : null;
  let hash = hashOf(node);
  for (let at = depth - 1; at >= 0; at -= 1) {
    const sibling = fromHex(siblings[at] ?? '');
    const pair = bitAt(path, at) === 0 ? [hash, sibling] : [sibling, hash];
    hash = hashBytes('doin/state-node', pair);
  }
  return toHex(hash);
}

/** Leaves below a node, but no more than `limit` + 1 are counted. */
function countUpTo(node: Node | null, limit: number): number {
  if (node === null) return 0;
  if (node.kind === 'leaf') return 1;
  const left = countUpTo(node.left, limit);
  return left > limit ? left : left + countUpTo(node.right, limit - left);
}

function* cut(node: Node | null, limits: SubtreeLimits, siblings: readonly string[]): Generator<Subtree> {
  if (node === null) return;
  const leaves = leavesWithin(node, limits);
  if (leaves !== null) {
    yield { leaves, siblings };
    return;
  }
  if (node.kind === 'leaf') return;
  yield* cut(node.left, limits, [...siblings, toHex(hashOf(node.right))]);
  yield* cut(node.right, limits, [...siblings, toHex(hashOf(node.left))]);
}

/** Null when they are too many or too large, and more than one. */
function leavesWithin(node: Node, limits: SubtreeLimits): readonly LeafBytes[] | null {
  if (countUpTo(node, limits.leaves) > limits.leaves) return null;
  const leaves: LeafBytes[] = [];
  let sizeBytes = 0;
  for (const leaf of leavesOf(node)) {
    leaves.push(leaf);
    sizeBytes += leaf.key.length + leaf.bytes.length;
    if (sizeBytes > limits.bytes && node.kind !== 'leaf') return null;
  }
  return leaves;
}

function* leavesOf(node: Node | null): Generator<LeafBytes> {
  if (node === null) return;
  if (node.kind === 'leaf') yield { key: node.key, bytes: node.encode() };
  else {
    yield* leavesOf(node.left);
    yield* leavesOf(node.right);
  }
}

function* walk(node: Node | null): Generator<readonly [string, unknown]> {
  if (node === null) return;
  if (node.kind === 'leaf') {
    yield [node.key, node.value];
    return;
  }
  yield* walk(node.left);
  yield* walk(node.right);
}

function insert(node: Node | null, leaf: Leaf, depth: number): Node {
  if (node === null) return leaf;
  if (node.kind === 'branch') {
    return bitAt(leaf.path, depth) === 0
      ? branch(insert(node.left, leaf, depth + 1), node.right)
      : branch(node.left, insert(node.right, leaf, depth + 1));
  }
  return node.key === leaf.key ? leaf : join(node, leaf, depth);
}

/** The smallest tree that tells two leaves with different paths apart. */
function join(a: Leaf, b: Leaf, depth: number): Branch {
  const bitA = bitAt(a.path, depth);
  if (bitA === bitAt(b.path, depth)) {
    const below = join(a, b, depth + 1);
    return bitA === 0 ? branch(below, null) : branch(null, below);
  }
  return bitA === 0 ? branch(a, b) : branch(b, a);
}

function remove(node: Node | null, path: Uint8Array, key: string, depth: number): Node | null {
  if (node === null) return null;
  if (node.kind === 'leaf') return node.key === key ? null : node;
  const goLeft = bitAt(path, depth) === 0;
  const child = goLeft ? node.left : node.right;
  const rest = remove(child, path, key, depth + 1);
  if (rest === child) return node;
  const other = goLeft ? node.right : node.left;
  if (rest === null && (other === null || other.kind === 'leaf')) return other;
  if (other === null && rest?.kind === 'leaf') return rest;
  return goLeft ? branch(rest, other) : branch(other, rest);
}

function branch(left: Node | null, right: Node | null): Branch {
  return { kind: 'branch', left, right, hash: null };
}

function hashOf(node: Node | null): Uint8Array {
  if (node === null) return EMPTY;
  node.hash ??=
    node.kind === 'leaf'
      ? hashBytes('doin/state-leaf', [node.path, node.encode()])
      : hashBytes('doin/state-node', [hashOf(node.left), hashOf(node.right)]);
  return node.hash;
}

/** Keys repeat all the time; their hashes need computing once. */
const paths = new Map<string, Uint8Array>();
const PATH_CACHE = 65_536;

function pathOf(key: string): Uint8Array {
  const known = paths.get(key);
  if (known !== undefined) return known;
  if (paths.size >= PATH_CACHE) paths.clear();
  const path = hashBytes('doin/state-key', [toUtf8(key)]);
  paths.set(key, path);
  return path;
}

function bitAt(path: Uint8Array, depth: number): 0 | 1 {
  return (((path[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1) as 0 | 1;
}

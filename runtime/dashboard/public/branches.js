// The top of the block tree: one column a height, the canonical chain on the lowest lane, other branches above it.
import { drawing, svg } from './dom.js';
import { plural } from './text.js';

const STEP = 30;
const LANE = 26;
const SIZE = 15;

/**
 * @param {{ head: string, justified_height: number, finalized_height: number, blocks: readonly { hash: string, parent: string, height: number, canonical: boolean, proof: boolean }[] }} tree
 */
export function branchesDrawing(tree) {
  const { blocks } = tree;
  const first = blocks[0]?.height ?? 0;
  const last = blocks.at(-1)?.height ?? 0;
  const placed = place(blocks);
  const lanes = Math.max(0, ...[...placed.values()].map(({ lane }) => lane));
  const width = (last - first + 1) * STEP + 20;
  const height = (lanes + 1) * LANE + 40;
  const x = (at) => 10 + (at - first) * STEP + STEP / 2;
  const y = (lane) => height - 34 - lane * LANE;
  const marks = [];
  for (const block of blocks) {
    const here = placed.get(block.hash);
    const parent = placed.get(block.parent);
    if (parent === undefined) continue;
    const kind = block.canonical ? 'edge canonical' : 'edge';
    marks.push(
      svg('path', { d: `M${x(parent.height)},${y(parent.lane)} L${x(here.height)},${y(here.lane)}`, class: kind }),
    );
  }
  for (const block of blocks) {
    const { lane } = placed.get(block.hash);
    const title = svg('title', {});
    title.textContent = `${block.height} ${block.hash.slice(0, 10)} ${stateOf(block, tree)}${block.proof ? ', proof block' : ''}`;
    const size = block.proof ? SIZE + 3 : SIZE;
    marks.push(
      svg(
        'rect',
        {
          x: x(block.height) - size / 2,
          y: y(lane) - size / 2,
          width: size,
          height: size,
          rx: block.proof ? size / 2 : 3,
          class: `block ${stateOf(block, tree)}`,
        },
        title,
      ),
    );
  }
  for (let at = first; at <= last; at += 1) {
    if (at % 5 !== 0) continue;
    const label = svg('text', { x: x(at), y: height - 6, 'text-anchor': 'middle', class: 'label' });
    label.textContent = String(at);
    marks.push(label);
  }
  const side = blocks.filter(({ canonical }) => !canonical).length;
  const label = `Blocks ${first} to ${last}: final up to ${tree.finalized_height}, justified up to ${tree.justified_height}, ${plural(side, 'block')} on other branches`;
  return drawing(label, { viewBox: `0 0 ${width} ${height}`, width, height, class: 'branches' }, ...marks);
}

function stateOf(block, tree) {
  if (!block.canonical) return 'side';
  if (block.height <= tree.finalized_height) return 'final';
  return block.height <= tree.justified_height ? 'justified' : 'head';
}

/** Lane 0 for the canonical chain; a branch takes the lowest lane that is free at its height. */
function place(blocks) {
  const placed = new Map();
  const taken = new Set();
  for (const block of blocks) {
    let lane = block.canonical ? 0 : Math.max(1, placed.get(block.parent)?.lane ?? 1);
    while (!block.canonical && taken.has(`${block.height}:${lane}`)) lane += 1;
    taken.add(`${block.height}:${lane}`);
    placed.set(block.hash, { lane, height: block.height });
  }
  return placed;
}

// The chain: the top of its tree with forks and finality, and its blocks one page after the other.
import { branchesDrawing } from './branches.js';
import { element, panel, tiles } from './dom.js';
import { getJson } from './net.js';
import { badge, createTable, idCell } from './table.js';
import { clockText, countText, short } from './text.js';

const HEIGHTS = 40;
const PAGE = 20;
const KINDS = ['final', 'justified', 'head', 'side'];
const MEANING = { final: 'final', justified: 'justified', head: 'not final yet', side: 'on another branch' };

export function chainView() {
  const tree = panel(
    'Forks and finality',
    'One column a height. Round blocks are proof blocks: verified work paid for them.',
  );
  const facts = tiles();
  const picture = element('div', {
    class: 'scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Newest blocks of all branches',
  });
  const key = element(
    'ul',
    { class: 'legend' },
    ...KINDS.map((kind) =>
      element('li', null, element('span', { class: `swatch block-${kind}`, 'aria-hidden': 'true' }), MEANING[kind]),
    ),
  );
  tree.body.append(facts.root, picture, key);
  const blocks = panel('Blocks');
  const older = pageButton('Older');
  const newer = pageButton('Newer');
  const table = blocksTable();
  blocks.tools.append(newer, older);
  blocks.body.append(table.root);
  let top = null;
  let drawn = '';
  let height = 0;

  async function showBlocks() {
    const to = top ?? height;
    const from = Math.max(0, to - PAGE + 1);
    const page = await getJson('/chain/blocks', { from, to });
    table.update(page.blocks.toReversed());
    older.disabled = from === 0;
    newer.disabled = top === null;
  }
  older.addEventListener('click', () => {
    top = Math.max(PAGE - 1, (top ?? height) - PAGE);
    void showBlocks();
  });
  newer.addEventListener('click', () => {
    top = (top ?? height) + PAGE >= height ? null : top + PAGE;
    void showBlocks();
  });

  return {
    panels: [tree.root, blocks.root],
    async update({ status }) {
      height = status.chain_height;
      facts.update(factsOf(status));
      const branches = await getJson('/api/branches', { heights: HEIGHTS });
      const now = JSON.stringify(branches);
      if (now !== drawn) {
        drawn = now;
        picture.replaceChildren(branchesDrawing(branches));
        picture.scrollLeft = picture.scrollWidth;
      }
      await showBlocks();
    },
  };
}

function factsOf(status) {
  return [
    { name: 'Head', value: countText(status.chain_height), note: short(status.tip_hash) },
    { name: 'Final', value: countText(status.finalized_height), note: short(status.finalized_hash) },
    {
      name: 'Behind the head',
      value: countText(status.chain_height - status.finalized_height),
      note: 'blocks that could still change',
    },
    { name: 'Branch switches', value: countText(status.reorgs), note: 'since the start' },
    { name: 'Mempool', value: countText(status.mempool), note: 'transactions that wait' },
  ];
}

function pageButton(text) {
  return element('button', { type: 'button' }, text);
}

function blocksTable() {
  return createTable({
    caption: 'Blocks of the canonical chain, newest first',
    keyOf: ({ hash }) => hash,
    columns: [
      { name: 'Height', number: true, render: (cell, block) => heightLink(cell, block) },
      { name: 'Hash', render: (cell, { hash }) => idCell(cell, hash, short(hash)) },
      { name: 'Time', text: ({ header }) => clockText(Date.parse(header.timestamp)) },
      { name: 'Proposer', render: (cell, { header }) => idCell(cell, header.generator_id, short(header.generator_id)) },
      {
        name: 'Kind',
        render: (cell, block) =>
          badge(cell, block.proof_block ? 'proof block' : '', block.proof_block ? 'good' : 'quiet'),
      },
      { name: 'Transactions', number: true, text: ({ transactions }) => countText(transactions.length) },
      { name: 'What happened', text: ({ records }) => happened(records) },
    ],
  });
}

function heightLink(cell, { header }) {
  if (cell.firstElementChild !== null) return;
  cell.append(
    element('a', { href: `/chain/block/${header.index}`, target: '_blank', rel: 'noreferrer' }, String(header.index)),
  );
}

/** Reputation moves with everything else and would hide it. */
function happened(records) {
  const kinds = [...new Set(records.map(({ type }) => type))].filter((type) => type !== 'REPUTATION');
  return kinds.map((type) => type.toLowerCase().replaceAll('_', ' ')).join(', ');
}

// The connected nodes: a map by latency and score, and the same as a table.
import { drawing, element, panel, svg } from './dom.js';
import { getJson } from './net.js';
import { badge, createTable, idCell } from './table.js';
import { durationText, shortPeer } from './text.js';

const SIZE = 320;
const MIDDLE = SIZE / 2;
const NEAREST = 46;
const FARTHEST = 128;

export function peersView() {
  const map = panel(
    'Map',
    'This node in the middle; the farther out, the higher the latency. Arrows in the table: who dialled whom.',
  );
  const picture = element('div', { class: 'centred' });
  map.body.append(picture);
  const list = panel('Peers');
  const table = peersTable();
  list.body.append(table.root);
  const refusals = panel('Refused', 'What peers sent and this node did not accept, by reason.');
  const refused = createTable({
    caption: 'Refused messages by reason',
    keyOf: ({ code }) => code,
    empty: 'Nothing was refused',
    columns: [
      { name: 'Reason', text: ({ code }) => code },
      { name: 'Times', number: true, text: ({ times }) => String(times) },
    ],
  });
  refusals.body.append(refused.root);
  return {
    panels: [element('div', { class: 'columns wide-last' }, map.root, element('div', null, list.root, refusals.root))],
    async update({ status }) {
      const { peers } = await getJson('/peers');
      picture.replaceChildren(peersMap(peers, status.node_label));
      table.update(
        peers.map((peer) => ({
          ...peer,
          behind: peer.chain_height === null ? null : status.chain_height - peer.chain_height,
        })),
      );
      refused.update(
        Object.entries(status.refused)
          .map(([code, times]) => ({ code, times }))
          .sort((a, b) => b.times - a.times),
      );
    },
  };
}

function peersMap(peers, label) {
  const latencies = peers.map(({ latency_ms: ms }) => Math.log10(Math.max(1, ms ?? 1000)));
  const slowest = Math.max(1, ...latencies);
  const marks = [NEAREST, (NEAREST + FARTHEST) / 2, FARTHEST].map((r) =>
    svg('circle', { cx: MIDDLE, cy: MIDDLE, r, class: 'ring' }),
  );
  const sorted = peers
    .map((peer, index) => ({ peer, latency: latencies[index] }))
    .sort((a, b) => (a.peer.peer_id < b.peer.peer_id ? -1 : 1));
  for (const [index, { peer, latency }] of sorted.entries()) {
    const angle = (2 * Math.PI * index) / sorted.length - Math.PI / 3;
    const distance = NEAREST + (FARTHEST - NEAREST) * (latency / slowest);
    const x = MIDDLE + distance * Math.cos(angle);
    const y = MIDDLE + distance * Math.sin(angle);
    const tone = peer.score < 0 ? 'bad' : 'good';
    const name = svg('text', { x, y: y + 20, 'text-anchor': 'middle', class: 'label' });
    name.textContent = shortPeer(peer.peer_id);
    marks.push(
      svg('line', { x1: MIDDLE, y1: MIDDLE, x2: x, y2: y, class: 'edge' }),
      svg('circle', { cx: x, cy: y, r: 7, class: `peer ${tone}` }),
      name,
    );
  }
  const self = svg('text', { x: MIDDLE, y: MIDDLE + 24, 'text-anchor': 'middle', class: 'label self' });
  self.textContent = label;
  marks.push(svg('circle', { cx: MIDDLE, cy: MIDDLE, r: 10, class: 'peer self' }), self);
  return drawing(
    `Map of ${peers.length} peers, also in the table`,
    { viewBox: `0 0 ${SIZE} ${SIZE}`, class: 'peers' },
    ...marks,
  );
}

function peersTable() {
  return createTable({
    caption: 'Connected nodes',
    keyOf: ({ peer_id: id }) => id,
    empty: 'No peers: give one address with --bootstrap, or start another node on this network',
    columns: [
      { name: 'Peer', render: (cell, { peer_id: id }) => idCell(cell, id, shortPeer(id)) },
      { name: 'Direction', text: ({ direction }) => (direction === 'inbound' ? '← inbound' : '→ outbound') },
      { name: 'Latency', number: true, text: ({ latency_ms: ms }) => (ms === null ? '–' : durationText(ms)) },
      {
        name: 'Height',
        number: true,
        text: ({ chain_height: height, behind }) =>
          height === null ? '–' : behind > 0 ? `${height} (−${behind})` : String(height),
      },
      {
        name: 'Score',
        number: true,
        render: (cell, { score }) => badge(cell, score.toFixed(1), score < 0 ? 'bad' : 'quiet'),
      },
      { name: 'Address', text: ({ address }) => address },
    ],
  });
}

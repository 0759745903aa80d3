// Who stands how: reputation, coins, and what the chain held against whom.
import { incidentSeverity, incidentText } from './alerts.js';
import { panel, tiles } from './dom.js';
import { getJson } from './net.js';
import { badge, barCell, createTable, idCell } from './table.js';
import { agoText, coinsText, countText, shortPeer } from './text.js';

const TONE = { critical: 'bad', warning: 'warn', notice: 'quiet' };

export function economyView() {
  const coin = panel('Coin');
  const facts = tiles();
  coin.body.append(facts.root);
  const people = panel(
    'Members',
    'Reputation is earned by verified work and fades by half in a week; only who has some may propose, vote and attest.',
  );
  const members = membersTable();
  people.body.append(members.root);
  const record = panel(
    'Incidents',
    'Everything the chain held against somebody: lies, double signatures, refused optimae, votes beside the quorum.',
  );
  const incidents = incidentsTable();
  record.body.append(incidents.root);
  return {
    panels: [coin.root, people.root, record.root],
    async update({ status, incidents: list }) {
      incidents.update(list);
      const [fees, { members: rows }] = await Promise.all([getJson('/fees'), getJson('/api/members')]);
      facts.update(coinFacts(fees, status));
      const most = Math.max(1, ...rows.map(({ reputation }) => reputation));
      members.update(
        rows.map((row) => ({ ...row, share: row.reputation / most, self: row.peer_id === status.node_id })),
      );
    },
  };
}

function coinFacts(fees, status) {
  return [
    { name: 'Balance of this node', value: coinsText(status.balance) },
    { name: 'Minted', value: coinsText(fees.minted), note: 'by proof blocks' },
    { name: 'Burned', value: coinsText(fees.burned), note: 'base fees and lost stakes' },
    { name: 'Locked', value: coinsText(fees.locked), note: 'stakes, deposits, channels' },
    { name: 'Base fee', value: coinsText(fees.base_fee), note: 'for a place in a block' },
  ];
}

function membersTable() {
  const count = (name, field, hint) => ({ name, hint, number: true, text: (row) => countText(row[field]) });
  return createTable({
    caption: 'Members by reputation',
    keyOf: ({ node_id: id }) => id,
    columns: [
      {
        name: 'Node',
        render: (cell, { node_id: id, peer_id: peer, self }) =>
          idCell(cell, `${peer} (key ${id})`, `${id.slice(0, 8)} ${shortPeer(peer)}${self ? ' (this node)' : ''}`),
      },
      {
        name: 'Reputation',
        number: true,
        render: (cell, { reputation, share }) => barCell(cell, reputation.toFixed(2), share),
      },
      { name: 'Balance', number: true, text: ({ balance }) => coinsText(balance) },
      count('Accepted', 'accepted_optimae', 'Optimae of this node that the network accepted'),
      count('Rejected', 'rejected_optimae', 'Optimae of this node that it refused'),
      count('Agreed', 'agreed_votes', 'Votes with the quorum'),
      count('Divergent', 'divergent_votes', 'Votes beside the quorum'),
      count('Missed', 'missed_seats', 'Seats without a vote'),
      { name: 'Evaluates', text: ({ evaluates }) => evaluates.join(', ') || '–' },
    ],
  });
}

function incidentsTable() {
  return createTable({
    caption: 'Incidents, newest first',
    keyOf: (incident) => `${incident.kind}:${incident.height}:${incident.optimum}:${incident.node_id}:${incident.seat}`,
    empty: 'No incident: everybody kept to the rules',
    columns: [
      {
        name: 'Weight',
        render: (cell, incident) => badge(cell, incidentSeverity(incident), TONE[incidentSeverity(incident)]),
      },
      { name: 'What', text: (incident) => incidentText(incident) },
      { name: 'Block', number: true, text: ({ height }) => String(height) },
      { name: 'When', text: ({ timestamp_ms: at }) => agoText(at) },
    ],
  });
}

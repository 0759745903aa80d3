// What a person should look at, from what the node says of itself and the network. Pure.
import { agoText, plural, short } from './text.js';

/** Slots without finality before that is worth a word: several checkpoints. */
const FINALITY_LAG = 40;
/** Incidents older than this are history; they stay in their table. */
const RECENT_MS = 24 * 3_600_000;
const BUSY_MAILBOX = 1000;
const SLOW_LOOP_MS = 250;

const INCIDENTS = {
  'false-vote': [
    'critical',
    (i) =>
      `Liar caught: ${short(i.node_id)} voted falsely on ${short(i.optimum)} (seat ${i.seat}) and is slashed and banned`,
  ],
  'false-challenge': [
    'warning',
    (i) => `${short(i.node_id)} challenged an honest vote on ${short(i.optimum)} and paid for it`,
  ],
  'two-blocks': ['critical', (i) => `${short(i.node_id)} signed two blocks for one slot and is slashed`],
  'two-attestations': ['critical', (i) => `${short(i.node_id)} attested against itself and is slashed`],
  rejected: [
    'notice',
    (i) => `Optimum ${short(i.optimum)} of ${short(i.node_id)} was refused: ${reasonText(i.reason)}`,
  ],
  'divergent-vote': ['warning', (i) => `${short(i.node_id)} measured ${short(i.optimum)} otherwise than the quorum`],
};

const REASONS = {
  'quorum-disagrees': 'the quorum did not agree',
  overstated: 'it claimed more than was measured',
  'not-better': 'it was not better than the champion',
  unmeasurable: 'it could not be measured',
  'no-quorum': 'no quorum came together',
};
/** @param {string | null} reason */
export const reasonText = (reason) => REASONS[reason ?? ''] ?? reason ?? 'no reason given';

/** @param {{ kind: string }} incident */
export const incidentText = (incident) => INCIDENTS[incident.kind]?.[1](incident) ?? incident.kind;
/** @param {{ kind: string }} incident @returns {'critical' | 'warning' | 'notice'} */
export const incidentSeverity = (incident) => INCIDENTS[incident.kind]?.[0] ?? 'notice';

const RANK = { critical: 0, warning: 1, notice: 2 };

/**
 * Worst first, then newest first. `key` tells one alert from another over time.
 * @returns {{ key: string, severity: 'critical' | 'warning' | 'notice', text: string, timestampMs: number | null, view: string }[]}
 */
export function alertsOf({ status, incidents, nowMs }) {
  const alerts = [];
  const add = (severity, key, text, view, timestampMs = null) =>
    alerts.push({ severity, key, text, view, timestampMs });
  for (const incident of incidents) {
    // Who comes second with an honest result has done nothing that anybody must look at.
    if (nowMs - incident.timestamp_ms > RECENT_MS || incident.reason === 'not-better') continue;
    const key = `${incident.kind}:${incident.height}:${incident.optimum}:${incident.node_id}:${incident.seat}`;
    add(incidentSeverity(incident), key, incidentText(incident), 'economy', incident.timestamp_ms);
  }
  const alone = status.network.startsWith('solo');
  if (status.peers === 0 && !alone) add('critical', 'no-peers', 'No peers: this node sees only its own chain', 'peers');
  const lag = status.chain_height - status.finalized_height;
  if (lag > FINALITY_LAG) {
    add('warning', 'no-finality', `Nothing became final for ${plural(lag, 'block')}`, 'chain');
  }
  for (const { actor, reason } of status.unavailable)
    add('warning', `away:${actor}`, `${actor} does not answer: ${reason}`, 'actors');
  for (const actor of status.actors) alertsOfActor(actor, add);
  const letters = status.dead_letters;
  if (letters.total > 0) {
    const [last] = letters.recent;
    const what = last ? `, last ${last.kind} to ${last.to} ${agoText(last.time_ms, nowMs)}` : '';
    add(
      'notice',
      'dead-letters',
      `${plural(letters.total, 'dead letter')} between actors${what}`,
      'actors',
      last?.time_ms ?? null,
    );
  }
  const refused = Object.entries(status.refused).sort((a, b) => b[1] - a[1]);
  const hostile = refused.filter(([code]) => /signature|malformed|invalid|bad-|oversize/.test(code));
  const count = hostile.reduce((sum, [, times]) => sum + times, 0);
  if (count > 0) {
    add(
      'notice',
      'refused',
      `${plural(count, 'thing')} from outside refused: ${hostile
        .slice(0, 3)
        .map(([code, times]) => `${code} (${times})`)
        .join(', ')}`,
      'peers',
    );
  }
  return alerts.sort(
    (a, b) => RANK[a.severity] - RANK[b.severity] || (b.timestampMs ?? nowMs) - (a.timestampMs ?? nowMs),
  );
}

function alertsOfActor(actor, add) {
  if (actor.state !== 'running')
    add('warning', `state:${actor.name}`, `Actor ${actor.name} is ${actor.state}`, 'actors');
  if (actor.quarantined > 0)
    add(
      'warning',
      `poison:${actor.name}`,
      `${plural(actor.quarantined, 'message')} crashed ${actor.name} twice and ${actor.quarantined === 1 ? 'was' : 'were'} set aside`,
      'actors',
    );
  if (actor.restarts > 0)
    add(
      'notice',
      `restarts:${actor.name}`,
      `Actor ${actor.name} was restarted ${plural(actor.restarts, 'time')}`,
      'actors',
    );
  if (actor.mailbox_depth > BUSY_MAILBOX)
    add(
      'warning',
      `mailbox:${actor.name}`,
      `${plural(actor.mailbox_depth, 'message')} wait for ${actor.name}`,
      'actors',
    );
  if (actor.event_loop_p99_ms > SLOW_LOOP_MS)
    add(
      'notice',
      `loop:${actor.name}`,
      `The loop of ${actor.name} is late by ${Math.round(actor.event_loop_p99_ms)} ms (p99)`,
      'actors',
    );
}

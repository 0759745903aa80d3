// The list of what just happened, newest first.
import { element, panel, syncChildren } from './dom.js';
import { clockText, performanceText, plural, short, shortPeer } from './text.js';

const SHOWN = 40;

export function eventsPanel() {
  const list = element('ol', { class: 'feed', tabindex: 0, 'aria-label': 'Latest events, newest first' });
  const empty = element('p', { class: 'empty' }, 'Nothing has happened yet');
  const { root, body } = panel('Events');
  body.append(list, empty);
  let serial = 0;
  const keys = new WeakMap();
  const keyOf = (event) => {
    if (keys.has(event)) return keys.get(event);
    serial += 1;
    keys.set(event, String(serial));
    return String(serial);
  };
  /** @param {readonly any[]} events */
  const update = (events) => {
    const shown = events.filter((event) => eventText(event) !== null).slice(0, SHOWN);
    empty.hidden = shown.length > 0;
    list.hidden = shown.length === 0;
    syncChildren(
      list,
      shown,
      keyOf,
      (event) =>
        element('li', { class: toneOf(event) }, element('time', null, clockText(event.at)), ` ${eventText(event)}`),
      () => undefined,
    );
  };
  return { root, update };
}

function toneOf({ event, outcome }) {
  if (event === 'optimumAccepted') return 'good';
  if (event === 'offence' || outcome === 'false-vote') return 'bad';
  return event === 'optimumRejected' || event === 'voteChallenged' ? 'warn' : '';
}

/** One line for an event of the stream, null for those that would only scroll by. @param {any} event */
export function eventText(event) {
  const id = short(event.optimum);
  switch (event.event) {
    case 'blockApplied':
      return `Block ${event.height}${event.proof ? ', a proof block,' : ''} by ${short(event.proposer)}`;
    case 'committed':
      return `Committed ${id} in ${event.domain_id}`;
    case 'optimumRevealed':
      return `Revealed ${id} in ${event.domain_id}: claims ${performanceText(event.reported)}`;
    case 'verdictProvisional':
      return event.verified === null
        ? `${id} will be rejected unless a challenge changes it`
        : `${id} measures ${performanceText(event.verified)}, open to challenges until block ${event.settles_at_height}`;
    case 'optimumAccepted':
      return `Accepted ${id} in ${event.domain_id}: verified ${performanceText(event.verified)}, ${event.agreeing} of ${event.seats} votes agree`;
    case 'optimumRejected':
      return `Rejected ${id} in ${event.domain_id}: ${event.reason}`;
    case 'voteChallenged':
      return `Vote of ${short(event.evaluator)} on ${id} challenged by ${short(event.challenger)}`;
    case 'voteJudged':
      return event.outcome === 'false-vote'
        ? `Liar caught: ${short(event.evaluator)} is slashed for its vote on ${id}`
        : `The jury on ${id}: ${event.outcome}`;
    case 'offence':
      return `${short(event.node_id)} signed against itself: ${event.offence}`;
    case 'championAdopted':
      return `Adopted champion ${id} in ${event.domain_id}`;
    case 'voteCast':
      return `Voted on ${id}: ${performanceText(event.performance)}`;
    case 'seatFailed':
      return `Could not measure ${id}: ${event.reason}`;
    case 'peerConnected':
      return `Peer ${shortPeer(event.peer_id)} connected`;
    case 'peerDisconnected':
      return `Peer ${shortPeer(event.peer_id)} left`;
    case 'blocksReverted':
      return `Switched branch: ${plural(event.count, 'block')} replaced`;
    case 'finalized':
      return `Final up to block ${event.height}`;
    case 'converged':
      return `Converged on ${event.domain_id}: ${event.reason}`;
    default:
      return null;
  }
}

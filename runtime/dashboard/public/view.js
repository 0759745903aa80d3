// Makes DOM from data. Text is only ever set through textContent, never parsed as HTML: names, addresses and reasons
// come from strangers on the network.

export function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = String(text);
  if (className) made.className = className;
  return made;
}

export const short = (id) => (typeof id === 'string' ? id.slice(0, 10) : '–');

export function performanceText(value) {
  if (typeof value !== 'number') return '–';
  const size = Math.abs(value);
  return size >= 1e6 || (size !== 0 && size < 1e-4) ? value.toExponential(3) : value.toFixed(4);
}

/** A domain gets a chart when this node works on it, or when there is something to see of what others found. */
export function hasChart(domain) {
  return domain.optimize || domain.evaluate || domain.accepted > 0;
}

/** Replaces the rows of a table and keeps its caption. Cells are texts; an empty table says so. */
export function fillTable(table, header, rows) {
  const head = element('thead');
  const headRow = element('tr');
  for (const name of header) {
    const cell = element('th', name);
    cell.scope = 'col';
    headRow.append(cell);
  }
  head.append(headRow);
  const body = element('tbody');
  for (const cells of rows) {
    const row = element('tr');
    for (const text of cells) row.append(element('td', text));
    body.append(row);
  }
  if (rows.length === 0) {
    const cell = element('td', 'nothing yet');
    cell.colSpan = header.length;
    const row = element('tr');
    row.append(cell);
    body.append(row);
  }
  table.replaceChildren(table.caption, head, body);
}

export function fillTiles(list, tiles) {
  list.replaceChildren(
    ...tiles.map(([name, value]) => {
      const tile = element('div');
      tile.append(element('dt', name), element('dd', value));
      return tile;
    }),
  );
}

/** One line for an event of the stream, null for those that would only scroll by. */
export function eventText(event) {
  const id = short(event.optimum);
  switch (event.event) {
    case 'blockApplied':
      return `block ${event.height} ${event.proof ? '(proof block) ' : ''}by ${short(event.proposer)}`;
    case 'optimumAccepted':
      return `accepted ${id} in ${event.domain_id}: verified ${performanceText(event.verified)}, ${event.agreeing} of ${event.seats} votes agree`;
    case 'optimumRejected':
      return `rejected ${id} in ${event.domain_id}: ${event.reason}`;
    case 'optimumRevealed':
      return `revealed ${id} in ${event.domain_id}: claims ${performanceText(event.reported)}`;
    case 'championAdopted':
      return `adopted champion ${id} in ${event.domain_id}`;
    case 'voteCast':
      return `voted on ${id}: ${performanceText(event.performance)}`;
    case 'seatTaken':
      return `took seat ${event.seat} of ${id}`;
    case 'seatFailed':
      return `could not measure ${id}: ${event.reason}`;
    case 'peerConnected':
      return `peer ${short(event.peer_id)} connected`;
    case 'peerDisconnected':
      return `peer ${short(event.peer_id)} left`;
    case 'blocksReverted':
      return `switched branch, ${event.count} blocks replaced`;
    case 'converged':
      return `converged on ${event.domain_id}: ${event.reason}`;
    default:
      return null;
  }
}

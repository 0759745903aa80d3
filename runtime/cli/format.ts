/** Texts for the terminal: events, status lines, tables. Control characters from the network never reach it. */

import type { NodeEvent } from '../http/events.js';
import type { NodeSummary, StatusJson } from '../http/status.js';
import type { LogRecord } from '../system/logging.js';

/** Removes what could move the cursor or change colours. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');
}

export const shortId = (id: string) => printable(id.slice(0, 8));

export function formatPerformance(value: number | null): string {
  if (value === null) return '-';
  return Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4) ? value.toExponential(3) : value.toFixed(4);
}

/** ` (naive 0.5200, ...)` after a held-out performance; empty where a domain has no such figures. */
export function formatBeside(figures: Readonly<Record<string, number>>): string {
  const texts = Object.entries(figures).map(([name, value]) => `${printable(name)} ${formatPerformance(value)}`);
  return texts.length === 0 ? '' : ` (${texts.join(', ')})`;
}

/** One line for what a person wants to follow; null for the many that would only scroll by. */
export function eventLine(event: NodeEvent): string | null {
  switch (event.event) {
    case 'blockApplied':
      return `block ${event.height} ${shortId(event.hash)}${event.proof ? ' PROOF' : ''} by ${shortId(event.proposer)}, ${event.transactions} transactions`;
    case 'blocksReverted':
      return event.count === 0 ? 'started from a snapshot' : `switched branch: ${event.count} blocks replaced`;
    case 'optimumRevealed':
      return `revealed ${shortId(event.optimum)} in ${printable(event.domain_id)} by ${shortId(event.optimizer)}: claims ${formatPerformance(event.reported)}`;
    case 'optimumAccepted':
      return `ACCEPTED ${shortId(event.optimum)} in ${printable(event.domain_id)}: verified ${formatPerformance(event.verified)} (claimed ${formatPerformance(event.reported)}, ${event.agreeing} of ${event.seats} votes agree)`;
    case 'optimumRejected':
      return `rejected ${shortId(event.optimum)} in ${printable(event.domain_id)}: ${event.reason}`;
    case 'roundFinished':
      return `round ${event.round} ${printable(event.domain_id)}: ${formatPerformance(event.performance)}${event.improvement ? ' *' : ''} best ${formatPerformance(event.best)}`;
    case 'converged':
      return `converged on ${printable(event.domain_id)} (${event.reason})`;
    case 'championAdopted':
      return `adopted champion ${shortId(event.optimum)} of another node in ${printable(event.domain_id)}: ${formatPerformance(event.performance)}`;
    case 'committed':
      return `committed ${shortId(event.optimum)} in ${printable(event.domain_id)}`;
    case 'benchmarked':
      return `held-out ${printable(event.domain_id)}: ${formatPerformance(event.performance)}${formatBeside(event.beside)}`;
    case 'voteCast':
      return `voted on ${shortId(event.optimum)} seat ${event.seat}: ${formatPerformance(event.performance)}`;
    case 'seatFailed':
      return `could not measure ${shortId(event.optimum)} seat ${event.seat}: ${printable(event.reason)}`;
    case 'peerConnected':
      return `peer ${printable(event.peer_id)} at ${printable(event.address)}`;
    case 'peerDisconnected':
      return `peer ${printable(event.peer_id)} left`;
    case 'voteChallenged':
      return `CHALLENGED seat ${event.seat} of ${shortId(event.optimum)}: the vote of ${shortId(event.evaluator)}, by ${shortId(event.challenger)}`;
    case 'voteJudged':
      return `JUDGED seat ${event.seat} of ${shortId(event.optimum)}: ${event.outcome}${event.outcome === 'false-vote' ? `, ${shortId(event.evaluator)} is banned` : ''}`;
    case 'offence':
      return `OFFENCE ${event.offence} by ${shortId(event.node_id)}`;
    case 'verdictProvisional':
    case 'finalized':
    case 'seatTaken':
    case 'syncProgress':
    case 'trainingProgress':
      return null;
  }
}

/** The short form of a node's state, one line. */
export function statusLine(status: StatusJson): string {
  const domains = status.domains
    .filter(({ optimize, evaluate, local, accepted }) => optimize || evaluate || local !== null || accepted > 0)
    .map(
      ({ domain_id: id, local, best_performance: best }) =>
        `${printable(id)} round ${local?.rounds ?? 0} best ${formatPerformance(local?.best_performance ?? null)} verified ${formatPerformance(best)}`,
    )
    .join(' | ');
  return `height ${status.chain_height}  proof ${status.proof_blocks}  accepted ${status.optimae.accepted}  peers ${status.peers}  ${domains}`;
}

/** One log line of an actor, for people. */
export function logLine({ level, actor, message, fields = {} }: LogRecord): string {
  const details = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return printable(`${level} ${actor}: ${message}${details.join('')}`);
}

export function summaryText(summary: NodeSummary): string {
  const lines = [
    `Stopped after ${summary.uptime_s} s: height ${summary.chain_height}, proof blocks ${summary.proof_blocks}, accepted optima ${summary.accepted}, rejected ${summary.rejected}`,
  ];
  for (const domain of summary.domains) {
    if (domain.rounds === 0 && domain.verified === null) continue;
    lines.push(
      `  ${printable(domain.domain_id)} best ${printable(domain.metric)}: claimed ${formatPerformance(domain.claimed)}, verified ${formatPerformance(domain.verified)}, held-out ${formatPerformance(domain.held_out)}${formatBeside(domain.held_out_beside)} (${domain.rounds} rounds)`,
    );
  }
  return lines.join('\n');
}

/** Left-aligned columns, two spaces apart. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

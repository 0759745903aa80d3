/**
 * What a running node shows: on a terminal event lines scroll above a status block that is redrawn in place; in a
 * pipe each event is one plain line; with `--json` each is one JSON line.
 */
import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import cliProgress from 'cli-progress';
import type { NodeEvent } from '../http/events.js';
import type { StatusJson } from '../http/status.js';
import { eventLine, formatBeside, formatPerformance, printable, statusLine } from './format.js';

export interface LiveView {
  event(event: NodeEvent): void;
  status(status: StatusJson): void;
  /** A line that is not an event: where to find the dashboard, warnings. */
  note(text: string): void;
  close(): void;
}

type Output = Pick<NodeJS.WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number };

export function createLiveView(output: Output, json: boolean): LiveView {
  if (json) return jsonView(output);
  return output.isTTY === true ? terminalView(output as NodeJS.WriteStream) : plainView(output);
}

function jsonView(output: Output): LiveView {
  const line = (value: unknown) => void output.write(`${JSON.stringify(value)}\n`);
  return {
    event: line,
    status: (status) => line({ event: 'status', at: Date.now(), ...status }),
    note: (text) => line({ event: 'note', at: Date.now(), text }),
    close: () => undefined,
  };
}

/** Status is repeated only when it says something new, so that a log file stays readable. */
function plainView(output: Output): LiveView {
  let lastStatus = '';
  return {
    event(event) {
      const line = eventLine(event);
      if (line !== null) output.write(`${line}\n`);
    },
    status(status) {
      const line = statusLine(status);
      if (line !== lastStatus) output.write(`${line}\n`);
      lastStatus = line;
    },
    note: (text) => void output.write(`${text}\n`),
    close: () => undefined,
  };
}

interface Running {
  readonly domainId: string;
  readonly epoch: number;
  readonly maxEpochs: number;
  readonly at: number;
}

/** A bar without news for this long belongs to a run that ended. */
const STALE_MS = 10_000;

function terminalView(output: NodeJS.WriteStream): LiveView {
  let status: StatusJson | null = null;
  let drawnLines = 0;
  const running = new Map<string, Running>();

  const erase = () => {
    if (drawnLines === 0) return;
    moveCursor(output, 0, -drawnLines);
    cursorTo(output, 0);
    clearScreenDown(output);
    drawnLines = 0;
  };
  const draw = () => {
    erase();
    if (status === null) return;
    const lines = blockLines(status, [...running.values()]).map((line) => line.slice(0, (output.columns ?? 80) - 1));
    output.write(`${lines.join('\n')}\n`);
    drawnLines = lines.length;
  };
  const print = (line: string) => {
    erase();
    output.write(`${line}\n`);
    draw();
  };

  return {
    event(event) {
      if (event.event === 'trainingProgress') {
        const { domain_id: domainId, epoch, max_epochs: maxEpochs, at } = event;
        running.set(event.task_id, { domainId, epoch, maxEpochs, at });
        return;
      }
      const line = event.event === 'roundFinished' && !event.improvement ? null : eventLine(event);
      if (line !== null) print(line);
    },
    status(next) {
      status = next;
      for (const [id, { at }] of running) if (Date.now() - at > STALE_MS) running.delete(id);
      draw();
    },
    note: print,
    close: erase,
  };
}

function blockLines(status: StatusJson, running: readonly Running[]): readonly string[] {
  const { optimae } = status;
  const lines = [
    '─'.repeat(72),
    `height ${status.chain_height}   proof blocks ${status.proof_blocks}   accepted ${optimae.accepted}   rejected ${optimae.rejected}   peers ${status.peers}   ${status.uptime_s} s`,
  ];
  for (const domain of status.domains) {
    const { local } = domain;
    const search = local === null ? 'not searching' : `${local.state}, round ${local.rounds}`;
    const held = `${formatPerformance(local?.benchmark_performance ?? null)}${formatBeside(local?.benchmark_beside ?? {})}`;
    lines.push(
      `${printable(domain.domain_id)}: ${search}   best claimed ${formatPerformance(local?.best_performance ?? null)}   verified ${formatPerformance(domain.best_performance)}   held-out ${held}`,
    );
  }
  for (const { domainId, epoch, maxEpochs } of running)
    lines.push(`${bar(epoch / maxEpochs)} ${printable(domainId)} epoch ${epoch} of ${maxEpochs}`);
  return lines;
}

/** cli-progress draws the bar; this view places it, because its own multi-bar would fight the status block. */
function bar(fraction: number): string {
  return cliProgress.Format.BarFormat(Math.min(1, Math.max(0, fraction)), {
    barsize: 24,
    barCompleteString: '█'.repeat(24),
    barIncompleteString: '░'.repeat(24),
    barGlue: '',
  });
}

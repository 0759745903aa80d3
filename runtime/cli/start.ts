/** `doin start`: one node, live in the terminal, until Ctrl-C, `--duration` or a parent process ends it. */
import type { CommandModule } from 'yargs';
import { loadConfig } from '../../config/load.js';
import { subscribeToNodeEvents } from '../http/events.js';
import { logLine, printable, summaryText } from './format.js';
import { createLiveView, type LiveView } from './live.js';
import type { CliIo, CliModules, CliNode } from './node-port.js';
import { overridesOf, parseDuration, type StartArguments, startOptions } from './options.js';
import { listenToParent } from './parent.js';
import { untilInterrupted } from './signals.js';

const STATUS_MS = 1000;

export function startCommand(modules: Pick<CliModules, 'startNode'>, io: CliIo): CommandModule<object, StartArguments> {
  return {
    command: 'start',
    describe: 'Run a node: search, verify, keep the chain',
    builder: (yargs) =>
      startOptions(yargs)
        .example('$0 start', 'A private network of one node in ./doin-data; open the printed address in a browser')
        .example('$0 start --duration 60', 'The same for a minute, with a summary at the end')
        .example('$0 start -c node.json --role evaluator', 'Only verify what others find')
        .example(
          '$0 start --network net.json --bootstrap /ip4/10.0.0.5/tcp/8471/p2p/12D3...',
          'Join the network of that genesis file through one known node',
        )
        .example(
          '$0 start --network net.json --snapshot state.snap --checkpoint 1200:4f1c...',
          'Start at the state of block 1200 instead of the first block',
        )
        .example('$0 start --trace chain,quorum', 'Show every message of two actors')
        .example('$0 start --trace-file t.json', 'Record all messages; open the file in ui.perfetto.dev'),
    handler: (options) => runStart(options, modules, io),
  };
}

async function runStart(options: StartArguments, modules: Pick<CliModules, 'startNode'>, io: CliIo): Promise<void> {
  const durationSeconds = parseDuration(options.duration);
  const { config, warnings } = loadConfig({
    ...(options.config !== undefined && { file: options.config }),
    environment: io.environment,
    overrides: overridesOf(options),
  });
  const startedAt = Date.now();
  for (const warning of warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
  const view = createLiveView(io.stdout, options.json);
  // Both listen from before the start on, so that what comes during it ends the node as soon as it is up.
  const signals = io.parent === null ? untilInterrupted() : null;
  const parent = listenToParent(io.parent);
  try {
    const node = await modules.startNode(config, {
      onEvent: (line) => view.note(line),
      ...(!options.json && { onLog: (record) => view.note(logLine(record)) }),
      ...(options.traceFile !== undefined && { traceFile: options.traceFile }),
    });
    parent.serve(node);
    const ends: Promise<unknown>[] = [parent.stopped];
    if (signals !== null) ends.push(signals.interrupted);
    await runUntil(ends, node, view, { json: options.json, startedAt, durationSeconds });
    if (!options.json) io.stdout.write('stopping...\n');
    const summary = await node.stop();
    const text = options.json ? JSON.stringify({ event: 'summary', ...summary }) : summaryText(summary);
    io.stdout.write(`${text}\n`);
  } finally {
    signals?.release();
    parent.release();
  }
}

/** Shows the node until one of `ends` settles, time is up or the node fails; rejects with why it failed. */
async function runUntil(
  ends: readonly Promise<unknown>[],
  node: CliNode,
  view: LiveView,
  options: { readonly json: boolean; readonly startedAt: number; readonly durationSeconds: number | undefined },
): Promise<void> {
  const { startedAt, durationSeconds } = options;
  const unsubscribe = subscribeToNodeEvents(node.system, (event) => view.event(event));
  const poll = pollStatus(node, view);
  announce(node, view, options.json);
  const timer = durationSeconds === undefined ? null : deadline(startedAt + durationSeconds * 1000);
  try {
    await Promise.race([...ends, ...(node.failed ? [node.failed] : []), ...(timer ? [timer.reached] : [])]);
  } finally {
    timer?.cancel();
    await poll.stop();
    unsubscribe();
    view.close();
  }
}

function announce(node: CliNode, view: LiveView, json: boolean): void {
  if (json) {
    view.note(`listening on ${node.httpUrl}`);
    return;
  }
  view.note(`node ${node.nodeId}`);
  view.note(`dashboard ${node.httpUrl}/`);
  for (const address of node.p2pAddresses) view.note(`peers can join at ${address}`);
}

/** Asks again only after the last answer, so that a slow node is not asked faster than it answers. */
function pollStatus(node: CliNode, view: LiveView): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let unanswered = false;
  const ask = async () => {
    try {
      const status = await node.status();
      if (!stopped) view.status(status);
      unanswered = false;
    } catch (error) {
      if (!unanswered && !stopped) view.note(`no status: ${error instanceof Error ? error.message : String(error)}`);
      unanswered = true;
    }
    if (!stopped) timer = setTimeout(() => (running = ask()), STATUS_MS);
  };
  let running = ask();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Counted from the command's start, so that `--duration 60` is what a stopwatch shows. */
function deadline(atMs: number): { readonly reached: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const reached = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, atMs - Date.now()));
  });
  return { reached, cancel: () => clearTimeout(timer) };
}

/**
 * `doin devnet`: a whole network on this machine, one process per node, each running the production `start`. At the
 * end the nodes are paused, brought to one head and compared.
 */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv, CommandModule } from 'yargs';
import { DoinError } from '../errors.js';
import type { StatusJson } from '../http/status.js';
import { DevnetNode } from './devnet-node.js';
import { resultOf, resultText, SettleWatch } from './devnet-result.js';
import { printable, statusLine } from './format.js';
import type { CliIo, CliModules } from './node-port.js';
import { jsonOption, parseDuration, parseInteger } from './options.js';
import { untilInterrupted } from './signals.js';

interface DevnetArguments {
  readonly nodes: string;
  readonly duration?: string | undefined;
  readonly prepare: boolean;
  readonly dataDir: string;
  readonly json: boolean;
}

/** More processes than this make no sense on one machine. */
const MAX_NODES = 32;
const POLL_MS = 1000;
/**
 * How long the paused nodes get to finish and meet on one head: a confirmation run, and then a seat that nobody
 * serves, whose deadline is 60 blocks of a second away.
 */
const SETTLE_MS = 90_000;
const COLOURS = [36, 33, 35, 32, 34, 31];

export function devnetCommand(
  modules: Pick<CliModules, 'createDevnet'>,
  io: CliIo,
): CommandModule<object, DevnetArguments> {
  return {
    command: 'devnet',
    describe: 'Run a network of several nodes on this machine',
    builder: devnetOptions,
    handler: (options) => runDevnet(options, modules, io),
  };
}

function devnetOptions(yargs: Argv): Argv<DevnetArguments> {
  const text = { type: 'string', requiresArg: true } as const;
  return yargs
    .options({
      nodes: { ...text, default: '4', describe: `How many nodes, 1 to ${MAX_NODES}` },
      duration: { ...text, describe: 'Seconds to run', defaultDescription: 'until Ctrl-C' },
      'data-dir': { ...text, default: './doin-data-devnet', describe: 'Folder of all nodes' },
      prepare: {
        type: 'boolean',
        default: false,
        describe: 'Only make keys, genesis and configs, to start them elsewhere',
      },
      json: jsonOption,
    })
    .example('$0 devnet --nodes 4 --duration 90', 'Four nodes for a minute and a half, then compare them')
    .example(
      '$0 devnet --nodes 3 --json',
      'Ends with one JSON line: {"agreed": ..., "nodes": [...]}',
    ) as unknown as Argv<DevnetArguments>;
}

async function runDevnet(
  options: DevnetArguments,
  modules: Pick<CliModules, 'createDevnet'>,
  io: CliIo,
): Promise<void> {
  const count = parseInteger('nodes', options.nodes, 1, MAX_NODES);
  const durationSeconds = parseDuration(options.duration);
  const nodes: DevnetNode[] = [];
  const signals = untilInterrupted(() => {
    for (const node of nodes) node.kill();
  });
  const members = await modules.createDevnet({ nodes: count, dataDir: resolve(options.dataDir) });
  if (options.prepare) {
    signals.release();
    const configs = members.map(({ configFile }) => configFile);
    io.stdout.write(options.json ? `${JSON.stringify({ configs })}\n` : `${configs.join('\n')}\n`);
    return;
  }
  for (const [index, { configFile }] of members.entries()) {
    const number = index + 1;
    const onLine = linePrinter(number, io, options.json);
    const node = new DevnetNode({ number, launcher: io.launcher, configFile, onLine });
    void node.exited.then((code) => {
      if (!node.stopping) onLine(`ended unexpectedly (${code})`);
    });
    nodes.push(node);
  }
  try {
    const allReady = Promise.all(nodes.map(({ ready }) => ready)).then(() => true);
    if (!(await Promise.race([allReady, signals.interrupted.then(() => false)]))) {
      throw new DoinError({ code: 'interrupted' }, 'stopped before all nodes were ready');
    }
    await watch(nodes, durationSeconds, signals.interrupted, io);
    const statuses = await settle(nodes, io);
    await Promise.all(nodes.map((node) => node.stop()));
    const result = resultOf(statuses, count);
    io.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${resultText(result)}\n`);
    if (!result.agreed) {
      throw new DoinError({ code: 'not-agreed' }, `the ${count} nodes did not end on one head and one champion`);
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    signals.release();
  }
}

/** With `--json`, standard output holds the result alone; the nodes' lines go to standard error. */
function linePrinter(number: number, io: CliIo, json: boolean): (line: string) => void {
  const output = json ? io.stderr : io.stdout;
  const label = `node ${number} |`;
  const colour = COLOURS[(number - 1) % COLOURS.length];
  const prefix = output.isTTY ? `\u001b[${colour}m${label}\u001b[0m` : label;
  return (line) => void output.write(`${prefix} ${line}\n`);
}

/** Shows where each node stands until time is up, Ctrl-C, or nobody is left. */
async function watch(
  nodes: readonly DevnetNode[],
  durationSeconds: number | undefined,
  interrupted: Promise<void>,
  io: CliIo,
): Promise<void> {
  const control = new AbortController();
  const stop = () => control.abort();
  void interrupted.then(stop);
  void Promise.all(nodes.map(({ exited }) => exited)).then(stop);
  const timer = durationSeconds === undefined ? undefined : setTimeout(stop, durationSeconds * 1000);
  let shown = '';
  while (!control.signal.aborted) {
    const statuses = await statusesOf(nodes);
    const heads = new Set(statuses.map((status) => status.tip_hash)).size;
    const lines = statuses.map((status) => `  ${printable(status.node_label)}: ${statusLine(status)}`);
    const text = `network: ${statuses.length} of ${nodes.length} nodes, ${heads} ${heads === 1 ? 'head' : 'heads'}\n${lines.join('\n')}\n`;
    if (text !== shown) io.stderr.write(text);
    shown = text;
    await sleep(POLL_MS, undefined, { signal: control.signal }).catch(() => undefined);
  }
  clearTimeout(timer);
}

/** Pauses all nodes and waits until they share one quiet head, or gives up and reports what there is. */
async function settle(nodes: readonly DevnetNode[], io: CliIo): Promise<readonly StatusJson[]> {
  io.stderr.write('pausing the search and waiting for one head...\n');
  for (const node of nodes) node.pause();
  const giveUpAt = Date.now() + SETTLE_MS;
  const watch = new SettleWatch(nodes.length);
  for (;;) {
    const statuses = await statusesOf(nodes);
    const alive = nodes.filter(({ running }) => running).length;
    if (watch.settled(statuses) || alive < nodes.length || Date.now() > giveUpAt) return statuses;
    await sleep(POLL_MS / 4);
  }
}

/** Of those that answer: a node that does not is missing from the list, which the comparison counts. */
async function statusesOf(nodes: readonly DevnetNode[]): Promise<readonly StatusJson[]> {
  const replies = await Promise.allSettled(nodes.filter(({ running }) => running).map((node) => node.status()));
  return replies.flatMap((reply) => (reply.status === 'fulfilled' ? [reply.value] : []));
}

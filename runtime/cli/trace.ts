/** `doin trace`: what the actors of a running node tell each other, or the life of one optimum. */
import type { Argv, CommandModule } from 'yargs';
import { ACTOR_ROLES } from '../../config/schema.js';
import { DoinError, errorMessage } from '../errors.js';
import type { TraceFrame } from '../http/trace-stream.js';
import { parseTraceFilter, unknownActor } from '../trace/filter.js';
import { formatTraceRecord, recordOfJson, type TraceJson } from '../trace/format.js';
import { usageError } from './exit.js';
import { printable } from './format.js';
import type { CliIo } from './node-port.js';
import { jsonOption, parseDuration } from './options.js';
import { checkedUrl } from './queries.js';
import { untilInterrupted } from './signals.js';
import { followOptimum } from './trace-optimum.js';
import { openTrace } from './trace-socket.js';

interface TraceArguments {
  readonly filter?: readonly string[] | undefined;
  readonly url: string;
  readonly optimum?: string | undefined;
  readonly duration?: string | undefined;
  readonly json: boolean;
}

/**
 * A line is shown when its handler is done, and each thread sends its own in bundles: collected for so long, lines of
 * several threads come in the order in which the handlers began.
 */
const COLLECT_MS = 50;

export function traceCommand(io: CliIo): CommandModule<object, TraceArguments> {
  return {
    command: 'trace [filter..]',
    describe: 'Show the messages of a running node, or the life of one optimum',
    builder: traceOptions,
    handler: (options) => runTrace(options, io),
  };
}

function traceOptions(yargs: Argv): Argv<TraceArguments> {
  return yargs
    .positional('filter', {
      type: 'string',
      array: true,
      describe: 'Actors or patterns, as chain.submit*; optimum:<id>, block:<height or hash>; all messages by default',
    })
    .options({
      url: {
        type: 'string',
        requiresArg: true,
        default: 'http://127.0.0.1:8470',
        describe: 'HTTP address of the node; it traces for programs on its own machine only',
      },
      optimum: {
        type: 'string',
        requiresArg: true,
        describe: 'Print the life of this optimum with durations, and follow it to its verdict',
      },
      duration: { type: 'string', requiresArg: true, describe: 'Stop by itself after so many seconds' },
      json: jsonOption,
    })
    .example('$0 trace chain quorum', 'Every message that the chain and the quorum handle, as it happens')
    .example("$0 trace 'chain.submit*' --json", 'One kind of message, one JSON object a line')
    .example("$0 trace '*,-gossip' block:12", 'What has to do with block 12, except gossip')
    .example(
      '$0 trace --optimum 4f1c22ab',
      'From commitment to verdict, with the time each step took',
    ) as unknown as Argv<TraceArguments>;
}

async function runTrace({ filter = [], url, optimum, duration, json }: TraceArguments, io: CliIo): Promise<void> {
  checkedUrl(url);
  const durationSeconds = parseDuration(duration);
  const words = filter.join(',');
  checkFilter(words);
  if (optimum !== undefined && !/^[0-9a-f]{4,64}$/i.test(optimum)) {
    throw usageError('optimum', optimum, 'is no id; use its first 4 to 64 hex digits, for example --optimum 4f1c22ab');
  }
  if (optimum !== undefined && words !== '') {
    throw usageError('optimum', optimum, `and a filter exclude each other; use doin trace ${words} optimum:${optimum}`);
  }
  const signals = untilInterrupted();
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    if (durationSeconds !== undefined) timer = setTimeout(resolve, durationSeconds * 1000);
    void signals.interrupted.then(resolve);
  });
  try {
    if (optimum === undefined) await tail(url, words, json, over, io);
    else await followOptimum({ url, optimum: optimum.toLowerCase(), json, over, output: io.stdout, notes: io.stderr });
  } finally {
    clearTimeout(timer);
    signals.release();
  }
}

function checkFilter(words: string): void {
  let unknown: string | null;
  try {
    unknown = unknownActor(parseTraceFilter(words), ACTOR_ROLES);
  } catch (error) {
    throw new DoinError({ code: 'usage', option: 'filter' }, errorMessage(error));
  }
  if (unknown === null) return;
  const message = `trace: "${unknown}" names no actor; use ${ACTOR_ROLES.join(', ')}, or a pattern of them`;
  throw new DoinError({ code: 'usage', option: 'filter' }, message);
}

async function tail(url: string, filter: string, json: boolean, over: Promise<void>, io: CliIo): Promise<void> {
  const { stdout, stderr } = io;
  const isColoured = stdout.isTTY === true && process.env.NO_COLOR === undefined;
  let collected: TraceJson[] = [];
  const print = () => {
    collected.sort((left, right) => left.at - right.at);
    for (const frame of collected) {
      stdout.write(`${json ? JSON.stringify(frame) : printedLine(frame, isColoured)}\n`);
    }
    collected = [];
  };
  const socket = await openTrace(url, filter, (frame: TraceFrame) => {
    if (frame.event === 'message') collected.push(frame);
    else if (frame.event === 'dropped') {
      if (json) stdout.write(`${JSON.stringify(frame)}\n`);
      else stderr.write(`(${frame.count} messages not shown: too many at once; a narrower filter shows them)\n`);
    }
  });
  const printing = setInterval(print, COLLECT_MS);
  const hasEnded = await Promise.race([over.then(() => false), socket.ended.then(() => true)]);
  clearInterval(printing);
  print();
  socket.close();
  if (hasEnded) throw new DoinError({ code: 'node-gone', url }, `the node at ${url} ended the trace`);
}

/** Actor names and kinds are ours, but the node is not: nothing it sends may move the cursor. */
function printedLine(frame: TraceJson, isColoured: boolean): string {
  const record = recordOfJson(frame);
  const { actor, kind, from, traceId, outcome } = record;
  const safe = {
    actor: printable(actor),
    kind: printable(kind),
    from: printable(from),
    traceId: printable(traceId),
    outcome: printable(outcome),
  };
  return formatTraceRecord({ ...record, ...safe }, isColoured);
}

/**
 * Options that several commands share. Numbers arrive as text and are checked here or by the config schema, so that
 * a wrong one is reported as it was typed.
 */
import type { Argv } from 'yargs';
import type { ConfigOverrides } from '../../config/load.js';
import { usageError } from './exit.js';

export interface StartArguments {
  readonly config?: string | undefined;
  readonly role?: string | undefined;
  readonly domain?: readonly string[] | undefined;
  readonly port?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly duration?: string | undefined;
  readonly network?: string | undefined;
  readonly bootstrap?: readonly string[] | undefined;
  readonly p2pPort?: string | undefined;
  readonly trace?: readonly string[] | undefined;
  readonly snapshot?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly traceFile?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly json: boolean;
}

export const jsonOption = {
  type: 'boolean',
  default: false,
  describe: 'Print JSON instead of text',
} as const;

/** `placeholder`: what the help shows as the default. */
export function textOption(describe: string, placeholder?: string) {
  return {
    type: 'string',
    requiresArg: true,
    describe,
    ...(placeholder && { defaultDescription: placeholder }),
  } as const;
}

export function startOptions<T>(yargs: Argv<T>): Argv<T & StartArguments> {
  return yargs.options({
    config: { ...textOption('JSON file with any of the settings'), alias: 'c' },
    role: textOption('full, optimizer, evaluator or relay', 'full'),
    domain: { ...textOption('Work on this domain only; may be given several times', 'digits'), array: true },
    port: textOption('HTTP and dashboard port; 0 takes any free one', '8470'),
    'data-dir': textOption('Folder of everything the node keeps', './doin-data'),
    duration: textOption('Stop by itself after so many seconds', 'runs until Ctrl-C'),
    network: textOption('"solo" or the path of a genesis file', 'solo'),
    bootstrap: { ...textOption('Multiaddr of a node to join; may be given several times'), array: true },
    'p2p-port': textOption('TCP port for peers, WebSocket on the next one; 0 takes any', '0'),
    snapshot: textOption('Start an empty data folder from the state in this file'),
    checkpoint: textOption('Block that the chain must have, as HEIGHT:HASH'),
    trace: {
      ...textOption('Print every message of these actors, for example chain,gossip or chain.submit*'),
      array: true,
    },
    'trace-file': textOption('Write them to this file instead, for ui.perfetto.dev; without --trace all messages'),
    'log-level': textOption('debug, info, warn, error or silent', 'info'),
    json: jsonOption,
  }) as unknown as Argv<T & StartArguments>;
}

/** Text that is a number becomes one; anything else is left for the schema to refuse by name. */
function numberOrText(text: string | undefined): unknown {
  if (text === undefined || text.trim() === '') return text;
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

/** Comma lists and repeated options mean the same. */
function splitList(values: readonly string[] | undefined): readonly string[] | undefined {
  return values?.flatMap((value) => value.split(',')).filter((value) => value !== '');
}

export function overridesOf(options: StartArguments): ConfigOverrides {
  const p2pPort = options.p2pPort === undefined ? undefined : parsePort('p2p-port', options.p2pPort);
  const bootstrap = splitList(options.bootstrap);
  const trace = splitList(options.trace);
  return {
    role: options.role,
    port: numberOrText(options.port),
    data_dir: options.dataDir,
    network: options.network,
    snapshot: options.snapshot,
    checkpoint: options.checkpoint,
    log_level: options.logLevel,
    bootstrap_peers: bootstrap,
    trace,
    p2p: p2pPort === undefined ? undefined : { listen: listenOn(p2pPort) },
    domain_ids: splitList(options.domain) ?? [],
  };
}

function listenOn(port: number): readonly string[] {
  return [`/ip4/0.0.0.0/tcp/${port}`, `/ip4/0.0.0.0/tcp/${port === 0 ? 0 : port + 1}/ws`];
}

/** The WebSocket listener takes the next port, hence the smaller maximum. */
function parsePort(name: string, text: string): number {
  return parseInteger(name, text, 0, 65_534);
}

export function parseInteger(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || text.trim() === '' || value < low || value > high) {
    throw usageError(name, text, `is not a whole number from ${low} to ${high}; use for example --${name} ${low}`);
  }
  return value;
}

/** Seconds; undefined stays undefined. A timer holds at most 2^31-1 ms, about 24 days. */
export function parseDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0) || seconds > 2_000_000) {
    throw usageError('duration', text, 'is not a number of seconds from 1 to 2000000; use for example --duration 60');
  }
  return seconds;
}

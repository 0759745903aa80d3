/** Commands that show one page of a running node: `doin peers`, `chain`, `experiments`. */
import type { Argv, CommandModule } from 'yargs';
import type { BlocksJson, ExperimentsJson, PeersJson, StatusJson } from '../http/status.js';
import { usageError } from './exit.js';
import { formatPerformance, printable, shortId, table } from './format.js';
import { fetchJson } from './http-client.js';
import type { CliIo } from './node-port.js';
import { jsonOption, parseInteger } from './options.js';

export interface QueryArguments {
  readonly url: string;
  readonly json: boolean;
}

/** Blocks that a node gives in one answer. */
const MOST_BLOCKS = 50;

export function queryOptions<T>(yargs: Argv<T>): Argv<T & QueryArguments> {
  return yargs.options({
    url: {
      type: 'string',
      requiresArg: true,
      default: 'http://127.0.0.1:8470',
      describe: 'HTTP address of the node',
    },
    json: jsonOption,
  }) as unknown as Argv<T & QueryArguments>;
}

export function checkedUrl(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError('url', url, 'is not an http address; use for example --url http://127.0.0.1:8470');
  }
  return url;
}

export function queryCommands(io: CliIo): readonly CommandModule<object, never>[] {
  const commands = [peersCommand(io), experimentsCommand(io), chainCommand(io)];
  return commands as unknown as readonly CommandModule<object, never>[];
}

function show<T>(io: CliIo, json: boolean, page: T, text: (page: T) => string): void {
  io.stdout.write(`${json ? JSON.stringify(page) : text(page)}\n`);
}

function peersCommand(io: CliIo): CommandModule<object, QueryArguments> {
  return {
    command: 'peers',
    describe: 'Show whom a running node is connected to',
    builder: (yargs) => queryOptions(yargs).example('$0 peers', 'Peers of the node on this machine, best score first'),
    handler: async ({ url, json }) => show(io, json, await fetchJson<PeersJson>(checkedUrl(url), '/peers'), peersText),
  };
}

function peersText({ self, peers, refused }: PeersJson): string {
  const rows = [...peers]
    .sort((a, b) => b.score - a.score)
    .map((peer) => [
      printable(peer.peer_id),
      printable(peer.address),
      printable(peer.direction),
      peer.latency_ms === null ? '-' : `${peer.latency_ms.toFixed(0)} ms`,
      peer.chain_height === null ? '-' : String(peer.chain_height),
      peer.score.toFixed(2),
    ]);
  const refusals = Object.entries(refused).map(([code, count]) => `${printable(code)} ${count}`);
  return [
    ...self.addresses.map((address) => `listening on ${printable(address)}`),
    '',
    rows.length === 0 ? 'no peers' : table(['PEER', 'ADDRESS', 'DIRECTION', 'LATENCY', 'HEIGHT', 'SCORE'], rows),
    ...(refusals.length === 0 ? [] : ['', `refused from peers: ${refusals.join(', ')}`]),
  ].join('\n');
}

function experimentsCommand(io: CliIo): CommandModule<object, QueryArguments> {
  return {
    command: 'experiments',
    describe: 'Compare the searches that a node has run',
    builder: (yargs) => queryOptions(yargs).example('$0 experiments --json', 'All of them, as JSON'),
    handler: async ({ url, json }) =>
      show(io, json, await fetchJson<ExperimentsJson>(checkedUrl(url), '/api/experiments'), experimentsText),
  };
}

function experimentsText({ experiments }: ExperimentsJson): string {
  if (experiments.length === 0) return 'no experiments yet';
  const rows = experiments.map((experiment) => [
    printable(experiment.experiment_id),
    printable(experiment.domain_id),
    String(experiment.total_rounds),
    formatPerformance(experiment.best_performance),
    `${experiment.elapsed_seconds.toFixed(0)} s`,
    experiment.converged ? 'converged' : 'open',
  ]);
  return table(['EXPERIMENT', 'DOMAIN', 'ROUNDS', 'BEST', 'TIME', 'STATE'], rows);
}

interface ChainArguments extends QueryArguments {
  readonly from?: string | undefined;
  readonly limit: string;
}

function chainCommand(io: CliIo): CommandModule<object, ChainArguments> {
  return {
    command: 'chain',
    describe: 'List blocks of a running node, newest last',
    builder: (yargs) =>
      queryOptions(yargs)
        .options({
          from: { type: 'string', requiresArg: true, describe: 'Height of the first block; without it the newest' },
          limit: { type: 'string', requiresArg: true, default: '20', describe: `How many, up to ${MOST_BLOCKS}` },
        })
        .example('$0 chain', 'The last 20 blocks')
        .example('$0 chain --from 0 --limit 5', 'The first five') as unknown as Argv<ChainArguments>,
    async handler({ url, json, from, limit }) {
      const page = await fetchJson<BlocksJson>(checkedUrl(url), await blocksPath(url, from, limit));
      show(io, json, page, chainText);
    },
  };
}

async function blocksPath(url: string, from: string | undefined, limit: string): Promise<string> {
  const count = parseInteger('limit', limit, 1, MOST_BLOCKS);
  const first = from === undefined ? await newest(url, count) : parseInteger('from', from, 0, Number.MAX_SAFE_INTEGER);
  return `/chain/blocks?from=${first}&to=${first + count - 1}`;
}

async function newest(url: string, count: number): Promise<number> {
  const { chain_height: height } = await fetchJson<StatusJson>(url, '/status');
  return Math.max(0, height - count + 1);
}

function chainText({ blocks, chain_height: height }: BlocksJson): string {
  if (blocks.length === 0) return `no such blocks; the chain ends at height ${height}`;
  const rows = blocks.map(({ hash, header, proof_block: isProof, transactions, records }) => [
    String(header.index),
    shortId(hash),
    printable(header.timestamp),
    shortId(header.generator_id),
    isProof ? 'PROOF' : '',
    String(transactions.length),
    recordCounts(records),
  ]);
  return table(['HEIGHT', 'HASH', 'TIME', 'PROPOSER', '', 'TRANSACTIONS', 'WHAT HAPPENED'], rows);
}

function recordCounts(records: BlocksJson['blocks'][number]['records']): string {
  const counts = new Map<string, number>();
  for (const { type } of records) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${printable(type)}${count === 1 ? '' : ` x${count}`}`).join(', ');
}

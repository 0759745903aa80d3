/**
 * A reader of the pages, with a folder of his own and a node that has run there for a while: he types what they show,
 * with names of his own for those that only stand for some.
 */
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ExecutionContext } from 'ava';
import { main } from '../../runtime/cli/main.js';
import { packageRoot } from '../../runtime/package-info.js';
import { launcher, NodeProcess, until } from '../kit/node-process.js';
import { postgresBinaries, startPostgres } from '../kit/postgres.js';
import type { Command } from './snippets.js';

/** One thread for all actors, one worker, no look around on the LAN, and no search where a command does not ask for one. */
const SMALL = {
  DOIN_PLACEMENT: '{"all":["chain","gossip","quorum","reputation","task-queue","optimizer","evaluator","tracker"]}',
  DOIN_WORKERS__THREADS: '1',
  DOIN_P2P__MDNS: 'false',
  DOIN_ROLE: 'relay',
};

/** A zero, as the digits of the domain are: 64 numbers from 0 to 16. */
const DIGIT = [
  [0, 0, 5, 13, 9, 1, 0, 0],
  [0, 0, 13, 15, 10, 15, 5, 0],
  [0, 3, 15, 2, 0, 11, 8, 0],
  [0, 4, 12, 0, 0, 8, 8, 0],
  [0, 5, 8, 0, 0, 9, 8, 0],
  [0, 4, 11, 0, 1, 12, 7, 0],
  [0, 2, 14, 5, 10, 12, 0, 0],
  [0, 0, 6, 13, 10, 0, 0, 0],
];

const SOMEBODY = '12D3KooWKYhvvKJ5Sq7mxDwFeoTJ5SiUTZF3S3UuaM6SjASypsxa';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Known {
  readonly url: string;
  readonly nodeId: string;
  readonly address: string;
  readonly optimum: string;
}

export class Reader {
  readonly #folder = mkdtempSync(join(tmpdir(), 'doin-reader-'));
  #node: NodeProcess;
  readonly #t: ExecutionContext;
  #known: Promise<Known> | null = null;
  #postgres: Promise<string> | null = null;
  #checkpoint = '';
  #folders = 0;

  constructor(t: ExecutionContext) {
    this.#t = t;
    Object.assign(process.env, SMALL);
    process.chdir(this.#folder);
    t.teardown(() => rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 }));
    symlinkSync(join(packageRoot, 'examples'), 'examples');
    writeFileSync('digit.json', JSON.stringify(DIGIT.flat()));
    this.#node = new NodeProcess(t, [...START, '--role', 'full']);
  }

  async page<T>(path: string): Promise<T> {
    return (await (await fetch(`${await this.#node.url()}${path}`)).json()) as T;
  }

  /** Runs a command of `doin` in this process, made to end by itself. */
  async types({ words, environment }: Command): Promise<Outcome> {
    const filled = await this.#filled(words);
    const args = await this.#bounded(filled);
    const before = { ...process.env };
    Object.assign(process.env, environment, await this.#libpq(args));
    const [out, err] = [new PassThrough(), new PassThrough()];
    const [stdout, stderr] = [textOf(out), textOf(err)];
    // What goes on until Ctrl-C gets it as soon as it has something to show.
    if (args.includes('--every') || args[0] === 'worker') out.once('data', () => process.emit('SIGINT', 'SIGINT'));
    const { log } = console;
    const { write } = process.stderr;
    // yargs prints help, and a node its traces, past the streams of the command.
    console.log = (text: string) => out.write(`${text}\n`);
    process.stderr.write = (text: string | Uint8Array) => err.write(text);
    try {
      const streams = { stdout: out as never, stderr: err as never };
      const code = await main(args, { ...streams, environment: process.env, parent: null, launcher });
      this.#checkpoint = /--checkpoint (\d+:[0-9a-f]{64})/.exec(stdout())?.[1] ?? this.#checkpoint;
      return { code, stdout: stdout(), stderr: stderr() };
    } finally {
      console.log = log;
      process.stderr.write = write;
      process.env = before;
    }
  }

  /** The words that stand for something of the reader's own. */
  async #filled(words: readonly string[]): Promise<readonly string[]> {
    const text = words.join(' ');
    const usesNode = /12D3|\.\.\.|--optimum|optimum:|127\.0\.0\.1:84|net(work)?\.json/.test(text);
    if (!usesNode) return words;
    const { url, nodeId, address, optimum } = await this.#history();
    return words.map((word) =>
      word
        .replace(/^\/ip4\/.*\.\.\.$/, address)
        .replace(/^12D3Koo\w*\.\.\.$/, words.includes('transfer') ? SOMEBODY : nodeId)
        .replace(/^\d+:[0-9a-f]+\.\.\.$/, this.#checkpoint)
        .replace(/^[0-9a-f]{8}$/, optimum)
        .replace(/^optimum:.*$/, `optimum:${optimum}`)
        .replace(/^http:\/\/127\.0\.0\.1:84\d\d$/, url),
    );
  }

  /** No fixed port, no folder that is in use, and an end. */
  async #bounded([command = '', ...rest]: readonly string[]): Promise<readonly string[]> {
    if (rest.includes('--help')) return [command, ...rest];
    const given: Record<string, string> = {};
    if (command === 'start')
      Object.assign(given, { port: '0', duration: '0.1', 'data-dir': `folder-${++this.#folders}` });
    if (command === 'devnet' && !rest.includes('--prepare')) Object.assign(given, { nodes: '2', duration: '1' });
    if (command === 'doctor') given.port = '0';
    if (ASKS_NODE.has(command)) given.url = (await this.#history()).url;
    if (command === 'worker') {
      Object.assign(given, { node: (await this.#history()).url, 'token-file': 'doin-data/http.token', threads: '1' });
    }
    if (command === 'trace') given.duration = '0.3';
    if (rest.includes('transfer')) rest.push('--new-address');
    if (command === 'verify' || command === 'snapshot') await this.#history();
    if (command === 'sync-postgres') {
      await this.#history();
      if (rest.includes('--url')) given.url = await this.#database();
      // Each copies everything, and so has something to show.
      given.schema = `schema_${++this.#folders}`;
    }
    const args = [command, ...rest];
    for (const [name, value] of Object.entries(given)) {
      const at = args.indexOf(`--${name}`);
      if (at < 0) args.push(`--${name}`, value);
      else args[at + 1] = value;
    }
    return args;
  }

  async #libpq(args: readonly string[]): Promise<Readonly<Record<string, string>>> {
    if (args[0] !== 'sync-postgres' || args.includes('--url')) return {};
    const url = new URL(await this.#database());
    return { PGHOST: url.searchParams.get('host') ?? '', PGUSER: url.username, PGDATABASE: url.pathname.slice(1) };
  }

  #database(): Promise<string> {
    this.#postgres ??= startPostgres(this.#t, postgresBinaries() ?? '').then(({ url }) => url);
    return this.#postgres;
  }

  /** Resolves when the node has an accepted optimum, coins and a final block. */
  #history(): Promise<Known> {
    this.#known ??= this.#waitForHistory();
    return this.#known;
  }

  async #waitForHistory(): Promise<Known> {
    await until(
      () => this.#node.status(),
      ({ finalized_height: final, balance }) => final > 0 && balance > 15,
    );
    const accepted = await this.#node.line(({ event }) => event === 'optimumAccepted', 'an accepted optimum');
    for (const file of ['net.json', 'network.json']) copyFileSync('doin-data/genesis.json', file);
    // What is typed from now on is not held up by training.
    this.#node.kill('SIGTERM');
    await this.#node.exited;
    this.#node = new NodeProcess(this.#t, [...START, '--role', 'evaluator']);
    const status = await this.#node.status();
    return {
      url: await this.#node.url(),
      nodeId: status.node_id,
      address: status.p2p_addresses[0] ?? '',
      optimum: String(accepted.optimum),
    };
  }
}

const START = ['start', '--json', '--port', '0'];

const ASKS_NODE: ReadonlySet<string> = new Set([
  ...['status', 'peers', 'chain', 'domains', 'experiments', 'wallet', 'infer', 'trace'],
]);

function textOf(stream: PassThrough): () => string {
  let text = '';
  stream.on('data', (chunk) => (text += String(chunk)));
  return () => text;
}

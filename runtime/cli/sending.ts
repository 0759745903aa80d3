/** Commands that have a running node sign and send something: the token, the request, and the wait for its block. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv } from 'yargs';
import { DoinError, errorMessage } from '../errors.js';
import { parseCoins } from '../fixed/coins.js';
import { tokenFileOf } from '../http/token.js';
import type { SubmittedJson, TransactionJson } from '../http/wallet.js';
import { usageError } from './exit.js';
import { shortId } from './format.js';
import { fetchJson, postJson } from './http-client.js';
import type { CliIo } from './node-port.js';
import { parseInteger, textOption } from './options.js';
import { checkedUrl, type QueryArguments, queryOptions } from './queries.js';

export interface TokenArguments extends QueryArguments {
  readonly dataDir: string;
  readonly tokenFile?: string | undefined;
}

export interface SendingArguments extends TokenArguments {
  readonly network?: string | undefined;
  readonly maxFee?: string | undefined;
  readonly tip?: string | undefined;
  readonly confirmations: string;
}

const POLL_MS = 500;
/** Some slots of a public network, and the pause of one that has no other transaction. */
const PATIENCE_MS = 120_000;

export function tokenOptions<T>(yargs: Argv<T>): Argv<T & TokenArguments> {
  return queryOptions(yargs).options({
    'data-dir': {
      type: 'string',
      requiresArg: true,
      default: './doin-data',
      describe: 'Data folder of that node, for its token',
    },
    'token-file': {
      type: 'string',
      requiresArg: true,
      describe: 'File with the token of that node',
      defaultDescription: 'http.token in the data folder',
    },
  }) as unknown as Argv<T & TokenArguments>;
}

export function sendingOptions<T>(yargs: Argv<T>): Argv<T & SendingArguments> {
  return tokenOptions(yargs).options({
    network: textOption('Send only if the node is on the network of this name', 'whichever it is on'),
    'max-fee': textOption('Most coins to pay for each place of a block that it takes', 'what a block soon takes'),
    tip: textOption('Coins of that for the proposer', 'a tenth of the smallest fee'),
    confirmations: {
      type: 'string',
      requiresArg: true,
      default: '1',
      describe: 'Wait until so many blocks hold it; 0 does not wait',
    },
  }) as unknown as Argv<T & SendingArguments>;
}

/** As it was typed, once it is known to be an amount. */
export function checkedCoins(option: string, text: string): string {
  if (parseCoins(text) !== null) return text;
  throw usageError(option, text, 'is no amount of coins; use a decimal with at most 8 digits after the point, as 1.5');
}

export async function readToken({ dataDir, tokenFile }: TokenArguments): Promise<string> {
  const file = tokenFile ?? tokenFileOf(dataDir);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new DoinError(
      { code: 'token-unreadable', file },
      `${file}: cannot be read (${errorMessage(cause)}); name the data folder of the node with --data-dir`,
      { cause },
    );
  }
}

export type SentJson = SubmittedJson & Partial<TransactionJson>;

/** Sends, waits as long as was asked for, and tells about both. */
export async function sendTransaction(
  io: CliIo,
  options: SendingArguments,
  transaction: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { url, json, network, maxFee, tip } = options;
  const wanted = parseInteger('confirmations', options.confirmations, 0, 1_000);
  const payload = {
    ...transaction,
    ...(network !== undefined && { network }),
    ...(maxFee !== undefined && { max_fee: checkedCoins('max-fee', maxFee) }),
    ...(tip !== undefined && { tip: checkedCoins('tip', tip) }),
  };
  const sent = await postJson<SubmittedJson>(checkedUrl(url), '/transactions', await readToken(options), payload);
  const { transaction_id: id } = sent;
  const say = (line: string) => void (json || io.stdout.write(`${line}\n`));
  say(`sent ${id} on ${sent.network}`);
  const found = wanted === 0 ? undefined : await untilConfirmed(url, id, wanted, say);
  if (json) io.stdout.write(`${JSON.stringify({ ...sent, ...found })}\n`);
}

async function untilConfirmed(
  url: string,
  id: string,
  wanted: number,
  say: (line: string) => void,
): Promise<TransactionJson> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  let shown = '';
  for (;;) {
    const found = await fetchJson<TransactionJson>(url, `/transactions/${id}`);
    const line = stateLine(found);
    if (line !== shown) say(line);
    shown = line;
    if (found.final || found.confirmations >= wanted) return found;
    if (Date.now() > giveUpAt) {
      throw new DoinError(
        { code: 'not-confirmed', transaction: id },
        `${id} has ${found.confirmations} of ${wanted} confirmations after ${PATIENCE_MS / 1000} s; it was sent and may still come`,
      );
    }
    await sleep(POLL_MS);
  }
}

function stateLine({ state, block_height: height, block_hash: hash, confirmations, final }: TransactionJson): string {
  if (state !== 'included') return 'waiting for a block';
  const count = `${confirmations} ${confirmations === 1 ? 'confirmation' : 'confirmations'}`;
  return `in block ${height} ${shortId(hash ?? '')}, ${count}${final ? ', final' : ''}`;
}

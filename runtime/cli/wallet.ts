/** `doin wallet`: the node's account, and what it sends. Amounts are decimal coins, exact to the unit. */
import type { Argv, CommandModule } from 'yargs';
import type { AccountJson, HistoryJson } from '../http/wallet.js';
import { usageError } from './exit.js';
import { printable, shortId, table } from './format.js';
import { fetchJson } from './http-client.js';
import type { CliIo } from './node-port.js';
import { parseInteger, textOption } from './options.js';
import { checkedUrl, type QueryArguments, queryOptions } from './queries.js';
import { checkedCoins, type SendingArguments, sendingOptions, sendTransaction } from './sending.js';

export function walletCommand(io: CliIo): CommandModule<object, QueryArguments> {
  return {
    command: 'wallet',
    describe: 'Show the coins of a running node, and send some',
    builder: (yargs) =>
      queryOptions(yargs)
        .command(balanceCommand(io))
        .command(historyCommand(io))
        .command(transferCommand(io))
        .example('$0 wallet', 'Address and balance of the node, and what waits for a block')
        .example('$0 wallet transfer 1.5 12D3KooW...', 'Send coins, and wait for the block that has it')
        .example('$0 wallet balance 12D3KooW...', 'Somebody else’s account'),
    handler: ({ url, json }) => showAccount(io, url, json, '/wallet'),
  };
}

function balanceCommand(io: CliIo): CommandModule<object, QueryArguments & { readonly address?: string | undefined }> {
  return {
    command: 'balance [address]',
    describe: 'Show an account: this node’s, or another one',
    builder: (yargs) =>
      queryOptions(yargs).positional('address', {
        type: 'string',
        describe: 'A PeerId, or 64 hex digits of a key',
      }) as unknown as Argv<QueryArguments & { address?: string }>,
    handler: ({ url, json, address }) =>
      showAccount(io, url, json, address === undefined ? '/wallet' : `/accounts/${encodeURIComponent(address)}`),
  };
}

async function showAccount(io: CliIo, url: string, json: boolean, path: string): Promise<void> {
  const account = await fetchJson<AccountJson>(checkedUrl(url), path);
  io.stdout.write(`${json ? JSON.stringify(account) : accountText(account)}\n`);
}

function accountText(account: AccountJson): string {
  const pending = account.pending.map(({ transaction_id: id, type, nonce, most }) => [
    shortId(id),
    printable(type),
    String(nonce),
    `up to ${most}`,
  ]);
  return [
    `address ${printable(account.address)}${account.known ? '' : ' (never seen on this chain)'}`,
    `balance ${account.balance} coins`,
    `network ${printable(account.network)}, height ${account.chain_height}, final to ${account.finalized_height}`,
    ...(pending.length === 0 ? [] : ['', table(['WAITS', 'TYPE', 'NONCE', 'COSTS'], pending)]),
  ].join('\n');
}

interface HistoryArguments extends QueryArguments {
  readonly address?: string | undefined;
  readonly limit: string;
  readonly after?: string | undefined;
}

const MOST_ENTRIES = 500;

function historyCommand(io: CliIo): CommandModule<object, HistoryArguments> {
  return {
    command: 'history [address]',
    describe: 'What became of the coins of an account, newest first',
    builder: (yargs) =>
      queryOptions(yargs)
        .positional('address', { type: 'string', describe: 'A PeerId, or 64 hex digits of a key; left out: this node' })
        .options({
          limit: { ...textOption(`How many, up to ${MOST_ENTRIES}`), default: '50' },
          after: textOption('Go on where an earlier page ended, as it says', 'the newest'),
        })
        .example('$0 wallet history --limit 10', 'The last ten entries')
        .example(
          '$0 wallet history 12D3KooW... --json',
          'Of somebody else, as JSON',
        ) as unknown as Argv<HistoryArguments>,
    async handler({ url, json, address, limit, after }) {
      const count = parseInteger('limit', limit, 1, MOST_ENTRIES);
      if (after !== undefined && !/^\d{1,15}:\d{1,6}$/.test(after))
        throw usageError('after', after, 'is no place in a history; use the one that an earlier page ended with');
      const account = address === undefined ? '/wallet' : `/accounts/${encodeURIComponent(address)}`;
      const path = `${account}/history?limit=${count}${after === undefined ? '' : `&after=${after}`}`;
      const history = await fetchJson<HistoryJson>(checkedUrl(url), path);
      io.stdout.write(`${json ? JSON.stringify(history) : historyText(history)}\n`);
    },
  };
}

function historyText({ entries, history_from: from, next, address }: HistoryJson): string {
  const rows = entries.map((entry) => [
    String(entry.block_height),
    printable(entry.time),
    printable(entry.cause),
    entry.amount_units < 0 ? entry.amount : `+${entry.amount}`,
    entry.balance,
    printable(entry.counterparty ?? '-'),
  ]);
  const header = ['HEIGHT', 'TIME', 'WHAT', 'AMOUNT', 'BALANCE', 'WITH'];
  return [
    `address ${printable(address)}`,
    rows.length === 0 ? 'nothing moved' : table(header, rows),
    ...(next === null ? [] : [`more: --after ${printable(next)}`]),
    ...(next === null && from > 1 ? [`this node has no blocks below ${from}: what came earlier is not here`] : []),
  ].join('\n');
}

interface TransferArguments extends SendingArguments {
  readonly amount: string;
  readonly address: string;
  readonly newAddress: boolean;
}

function transferCommand(io: CliIo): CommandModule<object, TransferArguments> {
  return {
    command: 'transfer <amount> <address>',
    describe: 'Send coins of the node to an address',
    builder: (yargs) =>
      sendingOptions(yargs)
        .positional('amount', { type: 'string', demandOption: true, describe: 'Decimal coins, for example 1.5' })
        .positional('address', { type: 'string', demandOption: true, describe: 'A PeerId, or 64 hex digits of a key' })
        .option('new-address', {
          type: 'boolean',
          default: false,
          describe: 'Send also to an address that this chain has never seen',
        })
        .example('$0 wallet transfer 1.5 12D3KooW... --max-fee 0.01 --tip 0.001', 'For a fee of one’s own')
        .example(
          '$0 wallet transfer 0.00000001 12D3KooW... --confirmations 6',
          'Wait for six blocks',
        ) as unknown as Argv<TransferArguments>,
    async handler(options) {
      const amount = checkedCoins('amount', options.amount);
      if (options.address === '') throw usageError('address', options.address, 'is empty');
      await sendTransaction(io, options, {
        type: 'transfer',
        to: options.address,
        amount,
        new_address: options.newAddress,
      });
    },
  };
}

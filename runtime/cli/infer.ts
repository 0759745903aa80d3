/** `doin infer`: asks the champion of a domain, here or on another node. */
import { readFile } from 'node:fs/promises';
import type { Argv, CommandModule } from 'yargs';
import { errorMessage } from '../errors.js';
import type { InferenceJson } from '../http/inference.js';
import { usageError } from './exit.js';
import { formatPerformance, printable, shortId } from './format.js';
import { postJson } from './http-client.js';
import type { CliIo } from './node-port.js';
import { textOption } from './options.js';
import { checkedUrl } from './queries.js';
import { checkedCoins, readToken, type TokenArguments, tokenOptions } from './sending.js';

/** A payment by transaction waits for a block, of this node and of the server. */
const TIMEOUT_MS = 120_000;

interface InferArguments extends TokenArguments {
  readonly domain: string;
  readonly input: string;
  readonly server?: string | undefined;
  readonly maxPrice?: string | undefined;
  readonly channel?: string | undefined;
}

export function inferCommand(io: CliIo): CommandModule<object, InferArguments> {
  return {
    command: 'infer <domain> [input]',
    describe: 'Ask the verified champion of a domain for a prediction',
    builder: inferOptions,
    async handler(options) {
      const { url, json, domain, server, maxPrice, channel } = options;
      const request = {
        domain_id: domain,
        input: await readInput(options.input),
        ...(server !== undefined && { server }),
        ...(maxPrice !== undefined && { max_price: checkedCoins('max-price', maxPrice) }),
        ...(channel !== undefined && { channel }),
      };
      const token = await readToken(options);
      const answer = await postJson<InferenceJson>(checkedUrl(url), '/inference', token, request, {
        timeoutMs: TIMEOUT_MS,
      });
      io.stdout.write(`${json ? JSON.stringify(answer) : answerText(answer)}\n`);
    },
  };
}

function inferOptions(yargs: Argv): Argv<InferArguments> {
  return tokenOptions(yargs)
    .positional('domain', { type: 'string', demandOption: true, describe: 'A domain of the network' })
    .positional('input', { type: 'string', default: 'null', describe: 'JSON, or @ and a file that holds it' })
    .options({
      server: textOption('"local", or the address of a connected node', 'this node if it can, else the cheapest peer'),
      'max-price': textOption('Most coins that the answer may cost', '0'),
      channel: textOption('Pay by this open channel of the node', 'by a transaction'),
    })
    .example('$0 infer digits @digit.json', 'Which digit is it? 64 numbers from 0 to 16')
    .example(
      '$0 infer quadratic --server 12D3KooW... --max-price 0.01',
      'Ask that node, and pay it up to 0.01 coins',
    ) as unknown as Argv<InferArguments>;
}

async function readInput(text: string): Promise<unknown> {
  try {
    return JSON.parse(text.startsWith('@') ? await readFile(text.slice(1), 'utf8') : text);
  } catch (cause) {
    throw usageError('input', text, `is no JSON, and no @file that holds some (${errorMessage(cause)})`);
  }
}

function answerText({
  output,
  optimum,
  performance,
  server,
  paid,
  transaction_id: transaction,
}: InferenceJson): string {
  const verified = performance === null ? 'no longer the champion' : `verified ${formatPerformance(performance)}`;
  const payment = transaction === null ? '' : `, by ${shortId(transaction)}`;
  return [
    printable(JSON.stringify(output)),
    `by ${shortId(optimum)} (${verified}), signed by ${printable(server)}; paid ${paid} coins${payment}`,
  ].join('\n');
}

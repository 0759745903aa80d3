/**
 * Anchors as transactions of one Ethereum account to itself, with the anchor in the data. Each names the one before, so
 * whoever has the newest finds all; which is the newest, the node notes, and records on the chain tell others.
 */
import { fromHex, toUtf8 } from '../codec/bytes.js';
import { errorMessage, isDoinError } from '../errors.js';
import { Serial } from '../serial.js';
import { callRpc, isPrivateKey, signTransaction } from './ethereum.js';
import {
  type Anchor,
  type AnchorLedger,
  anchorError,
  anchorsOf,
  anchorText,
  parseAnchor,
  type WrittenAnchor,
} from './ledger.js';

export interface EthereumLedgerOptions {
  readonly rpcUrl: string;
  /** Whose transactions count. */
  readonly address: string;
  /** Of that address; null where this node only reads. */
  readonly privateKey: Uint8Array | null;
  /** The newest anchor's transaction as far as this node knows; null for none. */
  readonly newest: () => string | null;
  /** Between two looks for a transaction that was sent; left out: a second. */
  readonly pollMs?: number;
}

/** So many are read back; older ones follow from newer ones, as every block names its parent. */
const READ_BACK = 256;
const POLL_MS = 1_000;
/** Blocks of main networks come every 12 s; what is not in one after this is tried again. */
const MINED_WITHIN_MS = 300_000;
/** What any transaction costs, and the most that Ethereum ever asked for a byte of data; what is left comes back. */
const TRANSFER_GAS = 21_000n;
const GAS_PER_BYTE = 68n;
const HASH = /^0x[0-9a-f]{64}$/;

export class EthereumLedger implements AnchorLedger {
  readonly kind = 'ethereum';
  readonly place: string;
  readonly #options: EthereumLedgerOptions;
  readonly #chain: Pick<Anchor, 'chainId' | 'genesisHash'>;
  readonly #serial = new Serial();
  #newest: string | null = null;

  constructor(options: EthereumLedgerOptions, chain: Pick<Anchor, 'chainId' | 'genesisHash'>) {
    this.place = options.address;
    this.#options = options;
    this.#chain = chain;
  }

  async read(): Promise<readonly WrittenAnchor[]> {
    const anchors: WrittenAnchor[] = [];
    let reference = this.#newest ?? this.#options.newest();
    while (reference !== null && anchors.length < READ_BACK) {
      const { anchor, previous } = await this.#lookUp(reference);
      anchors.push({ ...anchor, reference });
      reference = previous;
    }
    return anchorsOf(this, this.#chain, anchors);
  }

  write(anchor: Anchor): Promise<string> {
    return this.#serial.run(async () => {
      const known = (await this.read()).find(({ height }) => height === anchor.height);
      if (known?.hash === anchor.hash) return known.reference;
      if (known !== undefined) {
        throw anchorError('anchor-contradicted', this, `already says ${known.hash} of block ${anchor.height}`);
      }
      const previous = this.#newest ?? this.#options.newest() ?? '';
      const reference = await this.#send(toUtf8(`${anchorText(anchor)}\t${previous}`));
      await this.#mined(reference);
      this.#newest = reference;
      return reference;
    });
  }

  async #lookUp(reference: string): Promise<{ readonly anchor: Anchor; readonly previous: string | null }> {
    const found = await this.#call('eth_getTransactionByHash', [reference]);
    const { from, input, blockNumber } = (found ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof input !== 'string' || typeof from !== 'string' || typeof blockNumber !== 'string') {
      throw this.#damaged(`transaction ${reference} is not there any more`);
    }
    const [content = '', previous = ''] = Buffer.from(input.slice(2), 'hex').toString('utf8').split('\t');
    const anchor = parseAnchor(content);
    if (from.toLowerCase() !== this.#options.address.toLowerCase() || anchor === null) {
      throw this.#damaged(`transaction ${reference} is no anchor of this account`);
    }
    return { anchor, previous: HASH.test(previous) ? previous : null };
  }

  async #send(data: Uint8Array): Promise<string> {
    const { privateKey, address } = this.#options;
    if (privateKey === null) throw this.#unreachable('there is no private key to sign with');
    const [chainId, nonce, gasPrice] = await Promise.all([
      this.#quantity('eth_chainId', []),
      this.#quantity('eth_getTransactionCount', [address, 'latest']),
      this.#quantity('eth_gasPrice', []),
    ]);
    const gas = TRANSFER_GAS + GAS_PER_BYTE * BigInt(data.length);
    // Room for a price that rises until the transaction is in a block.
    const signed = signTransaction({ chainId, nonce, gasPrice: 2n * gasPrice, gas, to: address, data }, privateKey);
    const reference = await this.#call('eth_sendRawTransaction', [signed]);
    if (typeof reference !== 'string' || !HASH.test(reference)) throw this.#unreachable('it gave no transaction hash');
    return reference;
  }

  async #mined(reference: string): Promise<void> {
    const pollMs = this.#options.pollMs ?? POLL_MS;
    for (let waitedMs = 0; waitedMs < MINED_WITHIN_MS; waitedMs += pollMs) {
      if ((await this.#call('eth_getTransactionReceipt', [reference])) !== null) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw this.#unreachable(`transaction ${reference} is in no block yet`);
  }

  async #quantity(method: string, params: readonly unknown[]): Promise<bigint> {
    const answer = await this.#call(method, params);
    if (typeof answer === 'string' && /^0x[0-9a-f]+$/.test(answer)) return BigInt(answer);
    throw this.#unreachable(`${method} gave no number`);
  }

  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await callRpc(this.#options.rpcUrl, method, params);
    } catch (error) {
      if (isDoinError(error, 'ethereum-rpc')) throw this.#unreachable(errorMessage(error));
      throw error;
    }
  }

  #unreachable(problem: string): ReturnType<typeof anchorError> {
    const fix = 'check rpc_url, and that the account has coins for gas';
    return anchorError('anchor-ledger-unreachable', this, `${problem}; ${fix}`);
  }

  #damaged(problem: string): ReturnType<typeof anchorError> {
    const fix = 'the node behind rpc_url follows another Ethereum chain, or anchors.json was edited';
    return anchorError('anchor-ledger-damaged', this, `${problem}; ${fix}`);
  }
}

/** 32 bytes as hex, with or without 0x, as wallets export them; null for anything else. */
export function privateKeyFrom(text: string): Uint8Array | null {
  const hex = /^(?:0x)?([0-9a-f]{64})$/i.exec(text.trim())?.[1];
  const key = hex === undefined ? null : fromHex(hex.toLowerCase());
  return key !== null && isPrivateKey(key) ? key : null;
}

/** A gossip actor on a test runtime, with a list of blocks in place of the chain actor's store. */
import { randomBytes } from 'node:crypto';
import {
  announcementCodec,
  blockCodec,
  decodeBlock,
  decodeTransaction,
  headerCodec,
  headerHash,
  transactionCodec,
  transactionId,
  transactionsRoot,
} from '../../../actors/chain/codec.js';
import { chain, type ServedTip, type Verdict } from '../../../actors/chain/messages.js';
import type { Block, BlockHeader, Transaction } from '../../../actors/chain/types.js';
import { createGossipActor, type GossipOptions } from '../../../actors/gossip/actor.js';
import type { NetworkPort } from '../../../actors/gossip/port.js';
import type { VersionRange } from '../../../actors/gossip/wire.js';
import { reputation } from '../../../actors/reputation/messages.js';
import { decode, encode } from '../../../runtime/codec/canonical.js';
import { MemoryBlobStore } from '../../../runtime/storage/blob-store.js';
import { MemoryStateFile, type StateFile } from '../../../runtime/storage/state-file.js';
import { TestContext, testEnvelope } from '../../kit/context.js';
import { atEnd, CHAIN, type PortFactory } from './kit.js';

const ZERO = '0'.repeat(64);
export const GENESIS = 'ab'.repeat(32);
const SIGNATURE = 'cd'.repeat(64);

export function makeTransaction(nonce: number): Transaction {
  return {
    sender: ZERO,
    nonce,
    fee: { maxUnits: 1, tipUnits: 0 },
    body: { type: 'transfer', to: ZERO, amountUnits: 1 },
    signature: SIGNATURE,
  };
}

export function transactionBytes(transaction: Transaction): Uint8Array {
  return encode(transactionCodec, transaction);
}

export function makeBlock(parent: string, height: number, transactions: readonly Transaction[] = []): Block {
  const header: BlockHeader = {
    version: 1,
    chainId: CHAIN,
    height,
    parent,
    timestampMs: height + transactions.length,
    slot: height,
    rank: 0,
    proposer: ZERO,
    transactionsRoot: transactionsRoot(transactions),
    stateRoot: ZERO,
    vrfProof: '00'.repeat(80),
    signature: SIGNATURE,
  };
  return { header, transactions };
}

export function announcementOf(block: Block): Uint8Array {
  return encode(announcementCodec, { header: block.header, transactionIds: block.transactions.map(transactionId) });
}

/** Keeps all branches, follows the longest, and refuses what the test marks as bad. */
export class BlockList {
  readonly #all = new Map<string, Block>();
  readonly blocks: { readonly hash: string; readonly block: Block }[] = [];
  readonly pool = new Map<string, Uint8Array>();
  readonly received: string[] = [];
  badBlock = (_block: Block) => false;
  badTransaction = (_transaction: Transaction) => false;
  claimedHeight: number | null = null;
  bodiesFrom = 1;
  clockMs = Number.POSITIVE_INFINITY;
  genesisHash = GENESIS;

  grow(count: number, transactions: readonly Transaction[] = []): this {
    for (let index = 0; index < count; index += 1)
      this.append(makeBlock(this.tipHash, this.blocks.length + 1, transactions));
    return this;
  }

  get tipHash(): string {
    return this.blocks.at(-1)?.hash ?? this.genesisHash;
  }

  /** Has it beside the chain. */
  keep(block: Block): void {
    this.#all.set(headerHash(block.header), block);
  }

  append(block: Block): void {
    this.blocks.push({ hash: headerHash(block.header), block });
    this.#all.set(headerHash(block.header), block);
  }

  tip(): ServedTip {
    const height = this.claimedHeight ?? this.blocks.length;
    return {
      chainId: CHAIN,
      genesisHash: this.genesisHash,
      height,
      hash: this.tipHash,
      justifiedHeight: 0,
      totalWorkNano: BigInt(height),
      accepted: 0,
      bodiesFrom: this.bodiesFrom,
    };
  }

  headersAfter(locator: readonly string[], limit: number): Uint8Array[] {
    const known =
      locator.map((hash) => this.blocks.findIndex((entry) => entry.hash === hash)).find((index) => index >= 0) ?? -1;
    return this.blocks.slice(known + 1, known + 1 + limit).map(({ block }) => encode(headerCodec, block.header));
  }

  bytesOf(hash: string): Uint8Array | null {
    const block = this.#all.get(hash);
    return block === undefined ? null : encode(blockCodec, block);
  }

  receiveTransaction(bytes: Uint8Array): Verdict {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok || this.badTransaction(decoded.value)) return { action: 'reject', code: 'bad-signature' };
    const id = transactionId(decoded.value);
    this.received.push(id);
    if (this.pool.has(id)) return { action: 'ignore', code: 'already-known' };
    this.pool.set(id, bytes);
    return { action: 'accept', code: 'ok' };
  }

  receiveBlock(bytes: Uint8Array): Verdict {
    const decoded = decodeBlock(bytes);
    if (!decoded.ok || this.badBlock(decoded.value)) return { action: 'reject', code: 'bad-block' };
    if (decoded.value.header.timestampMs > this.clockMs) return { action: 'ignore', code: 'from-the-future' };
    return this.#place(decoded.value);
  }

  receiveAnnouncement(bytes: Uint8Array): Verdict {
    const { header, transactionIds } = decode(announcementCodec, bytes);
    if (this.#all.has(headerHash(header))) return { action: 'ignore', code: 'already-known' };
    if (!this.#hasParent(header)) return { action: 'ignore', code: 'unknown-parent', missing: [header.parent] };
    const missing = transactionIds.filter((id) => !this.pool.has(id));
    if (missing.length > 0) return { action: 'accept', code: 'incomplete', missing };
    const transactions = transactionIds.map((id) => decode(transactionCodec, this.pool.get(id)!));
    return this.#place({ header, transactions });
  }

  #place(block: Block): Verdict {
    const hash = headerHash(block.header);
    const { parent, height } = block.header;
    if (this.#all.has(hash)) return { action: 'ignore', code: 'already-known' };
    if (!this.#hasParent(block.header)) return { action: 'ignore', code: 'unknown-parent', missing: [parent] };
    if (transactionsRoot(block.transactions) !== block.header.transactionsRoot) {
      return { action: 'reject', code: 'wrong-transactions-root' };
    }
    this.#all.set(hash, block);
    if (height <= this.blocks.length) return { action: 'accept', code: 'side-branch' };
    this.#switchTo(hash);
    return { action: 'accept', code: 'ok' };
  }

  #hasParent({ parent }: BlockHeader): boolean {
    return parent === this.genesisHash || this.#all.has(parent);
  }

  #switchTo(tip: string): void {
    const line: { hash: string; block: Block }[] = [];
    for (let hash = tip; ; ) {
      const block = this.#all.get(hash);
      if (block === undefined) break;
      line.push({ hash, block });
      hash = block.header.parent;
    }
    this.blocks.splice(0, this.blocks.length, ...line.reverse());
  }
}

export interface TestNode {
  readonly ctx: TestContext;
  readonly list: BlockList;
  readonly store: MemoryBlobStore;
  readonly port: NetworkPort;
  readonly behaviour: Awaited<ReturnType<ReturnType<typeof createGossipActor>['start']>>;
  address(): string;
  submit(transaction: Transaction): Promise<void>;
  produce(block: Block): Promise<void>;
  /** As if the chain had made that block, whether it has it or not. */
  announce(announcement: Uint8Array): Promise<void>;
  fetchBlob(blob: { hash: string; sizeBytes: number }, timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export async function startNode(
  factory: PortFactory,
  list = new BlockList(),
  overrides: Partial<GossipOptions> = {},
  peersFile: StateFile = new MemoryStateFile(),
  versions?: VersionRange,
): Promise<TestNode> {
  const ctx = new TestContext('gossip');
  ctx
    .answer(chain.getTip, () => list.tip())
    .answer(chain.getLocator, () => ({
      hashes: [
        ...list.blocks
          .slice(-2)
          .map(({ hash }) => hash)
          .reverse(),
        GENESIS,
      ],
    }))
    .answer(chain.getHeadersAfter, ({ locator, limit }) => ({ headers: list.headersAfter(locator, limit) }))
    .answer(chain.getBlocks, ({ hashes }) => ({ blocks: hashes.map((hash) => list.bytesOf(hash)) }))
    .answer(chain.getMissing, ({ hashes }) => ({ missing: hashes.filter((hash) => list.bytesOf(hash) === null) }))
    .answer(chain.getTransactions, ({ ids }) => ({ transactions: ids.flatMap((id) => list.pool.get(id) ?? []) }))
    .answer(chain.receiveTransaction, ({ bytes }) => {
      const verdict = list.receiveTransaction(bytes);
      if (verdict.action === 'accept') announceRelayed(bytes);
      return verdict;
    })
    .answer(chain.receiveBlock, ({ bytes }) => list.receiveBlock(bytes))
    .answer(chain.receiveBlocks, ({ blocks }) => {
      const verdicts: Verdict[] = [];
      for (const bytes of blocks) {
        const verdict = list.receiveBlock(bytes);
        verdicts.push(verdict);
        if (verdict.action !== 'accept' && verdict.code !== 'already-known') break;
      }
      return { verdicts };
    })
    .answer(reputation.getTable, () => ({ table: [] }))
    .answer(chain.receiveAnnouncement, ({ bytes }) => list.receiveAnnouncement(bytes));
  const store = new MemoryBlobStore();
  let port: NetworkPort | undefined;
  /** As the chain actor emits it for every transaction that enters the mempool. */
  let announceRelayed = (_bytes: Uint8Array): void => {};
  const actor = createGossipActor({
    createPort: (options) => {
      port = factory(options);
      return port;
    },
    createBlobStore: () => store,
    openPeers: () => peersFile,
    ...(versions === undefined ? {} : { versions }),
  });
  const behaviour = await actor.start(ctx, {
    chainId: CHAIN,
    genesisHash: list.genesisHash,
    privateSeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrapPeers: [],
    mdns: false,
    dht: false,
    relay: 'off',
    peerExchange: false,
    peersFile: '',
    startAtSnapshot: false,
    blobFolder: '',
    domains: ['digits'],
    ...overrides,
  });
  const started = port!;
  announceRelayed = (bytes) => {
    const transaction = decode(transactionCodec, bytes);
    const payload = { id: transactionId(transaction), bytes, publish: false, transaction };
    void behaviour.events['chain.transactionAccepted'](payload, testEnvelope(payload));
  };
  atEnd(() => {
    ctx.dispose();
    return started.stop();
  });
  const announce = async (announcement: Uint8Array): Promise<void> => {
    const { header } = decode(announcementCodec, announcement);
    const payload = { hash: headerHash(header), height: header.height, announcement };
    await behaviour.events['chain.blockProduced'](payload, testEnvelope(payload));
  };
  return {
    ctx,
    list,
    store,
    port: started,
    behaviour,
    address: () => started.addresses()[0]!,
    submit: async (transaction) => {
      const bytes = transactionBytes(transaction);
      list.pool.set(transactionId(transaction), bytes);
      const payload = { id: transactionId(transaction), bytes, publish: true, transaction };
      await behaviour.events['chain.transactionAccepted'](payload, testEnvelope(payload));
    },
    produce: async (block) => {
      list.append(block);
      await announce(announcementOf(block));
    },
    announce,
    fetchBlob: async (blob, timeoutMs) => {
      const request = { blob, domain: 'digits' };
      return (await behaviour.handlers.fetchBlob(request, testEnvelope(request, Date.now() + timeoutMs))).found;
    },
    stop: async () => {
      ctx.dispose();
      await behaviour.stop?.();
    },
  };
}

/**
 * The chain actor: owns the block tree, the mempool and this node's signing of transactions and blocks. It decides
 * nothing by itself; the rules in transition.ts do.
 */
import { VerifyPool } from '../../runtime/crypto/verify-pool.js';
import { JsonStateFile } from '../../runtime/storage/state-file.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { domainDetailsOf, proposalsOf } from './domain-views.js';
import { chain, type Verdict } from './messages.js';
import { type ChainModules, ChainNode, type ChainOptions } from './node.js';
import { CHANNEL } from './state/channels.js';
import { SqliteBlockStore } from './store.js';
import { membersOf, openOptimaeOf } from './views.js';

/** How often the producer looks whether it is its turn; well below a rank's delay. */
const TICK_MS = 50;

export function createChainActor(modules: ChainModules) {
  return defineActor({
    role: 'chain',
    protocol: chain,
    listensTo: [],
    async start(ctx: ActorContext, options: ChainOptions) {
      const node = await ChainNode.open(ctx, options, modules);
      ctx.every(TICK_MS, () => node.membership.tick());
      return {
        handlers: {
          submit: ({ body, fee, atOnce }) => node.own.submit(body, fee, atOnce),
          receiveTransaction: ({ bytes }) => node.intake.receiveTransaction(bytes),
          receiveAnnouncement: ({ bytes }) => node.intake.receiveAnnouncement(bytes),
          receiveBlock: ({ bytes }): Promise<Verdict> => node.intake.receiveBlock(bytes),
          receiveBlocks: async ({ blocks }) => ({ verdicts: await node.intake.receiveBlocks(blocks) }),
          getTip: async () => {
            const { chainId, genesisHash: genesis, ...status } = node.status();
            const { height, hash, justifiedHeight, totalWorkNano, accepted } = status;
            const bodiesFrom = await node.store.prunedBelow();
            return {
              chainId,
              genesisHash: genesis,
              height,
              hash,
              justifiedHeight,
              totalWorkNano,
              accepted,
              bodiesFrom,
            };
          },
          getStatus: () => node.status(),
          getDomains: () => {
            const { state } = node.blockchain.head;
            return {
              domains: domainDetailsOf(state, options.genesis),
              proposals: proposalsOf(state, options.genesis),
            };
          },
          getChannel: ({ channel }) => ({ channel: node.blockchain.head.state.get(CHANNEL, channel) ?? null }),
          getAccount: ({ node: account }) => node.own.accountOf(account),
          getHistory: async ({ node: account, before, limit }) => ({
            moves: await node.store.history(account, before, limit),
            historyFrom: await node.store.historyFrom(),
          }),
          getMembers: () => ({ members: membersOf(node.blockchain.head.state, options.genesis) }),
          getOpenOptimae: () => ({ optimae: openOptimaeOf(node.blockchain.head.state) }),
          getBlocks: async ({ hashes }) => ({ blocks: await node.serving.blocks(hashes) }),
          getMissing: async ({ hashes }) => {
            const known = await node.store.known(hashes);
            return { missing: hashes.filter((hash) => !known.has(hash)) };
          },
          pin: async ({ pinned }) => {
            await node.blockchain.pin(pinned);
            return {};
          },
          getSnapshots: async () => ({ snapshots: await node.snapshots.offers() }),
          getSnapshotChunk: async ({ block, index }) => ({ chunk: await node.snapshots.chunk(block, index) }),
          getJoinPoints: () => ({ points: node.snapshots.joinPoints() }),
          beginSnapshot: ({ header, chunks }): Verdict => node.snapshots.begin(header, chunks),
          receiveSnapshotChunk: ({ block, index, bytes }) => node.snapshots.receive(block, index, bytes),
          getLocator: async () => ({ hashes: await node.serving.locator(node.status().height) }),
          getHeadersAfter: async ({ locator, limit }) => ({
            headers: await node.serving.headersAfter(locator, limit),
          }),
          findTransaction: ({ id }) => ({ waits: node.mempool.has(id), block: node.included.get(id) }),
          getTransactions: ({ ids }) => ({
            transactions: ids.flatMap((id) => node.mempool.get(id)?.bytes ?? []),
          }),
          getApplied: async ({ fromHeight, limit }) => ({ blocks: await node.serving.appliedFrom(fromHeight, limit) }),
          getBranches: async ({ heights }) => {
            const { height, hash: head, justifiedHeight, finalized } = node.status();
            const blocks = await node.serving.branches(Math.max(0, height - heights + 1));
            return { head, justifiedHeight, finalizedHeight: finalized.height, blocks };
          },
          getBlockView: async (query) => ({ view: await node.serving.blockView(query) }),
        },
        events: {},
        stop: () => node.close(),
        inspect: () => ({ height: node.status().height, mempool: node.mempool.size }),
      };
    },
  });
}

export const chainActor = createChainActor({
  openStore: (file, genesis) => SqliteBlockStore.open(file, genesis),
  openPool: () => new VerifyPool(),
  openDuties: (file) => new JsonStateFile(file),
});

/** The reputation actor: an indexed view of what the chain says about everybody, with the counts behind each score. */
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { type BlockApplied, chain } from '../chain/messages.js';
import { reputation } from './messages.js';
import { ReputationTable } from './table.js';

export interface ReputationOptions {
  readonly halfLifeMs: number;
}

const PAGE = 200;
/** The first ask waits for a chain that replays its store. */
const STARTUP_TIMEOUT_MS = 600_000;

export const reputationActor = defineActor({
  role: 'reputation',
  protocol: reputation,
  listensTo: [chain.blockApplied, chain.blocksReverted],
  async start(ctx: ActorContext, options: ReputationOptions) {
    const table = new ReputationTable(options.halfLifeMs);

    const apply = (block: BlockApplied, announce: boolean): void => {
      for (const { nodeId, beforeMicro, afterMicro } of table.apply(block)) {
        if (announce) ctx.emit(reputation.changed, { nodeId, beforeMicro, afterMicro, height: block.height });
      }
    };
    const rebuild = async (): Promise<void> => {
      const { members } = await ctx.ask(chain.getMembers, {}, { timeoutMs: STARTUP_TIMEOUT_MS });
      const { timestampMs } = await ctx.ask(chain.getStatus, {});
      table.reset();
      for (;;) {
        const { blocks } = await ctx.ask(chain.getApplied, { fromHeight: table.height + 1, limit: PAGE });
        for (const block of blocks) apply(block, false);
        if (blocks.length < PAGE) break;
      }
      // Members without a change since genesis are in no record.
      for (const { nodeId, reputationMicro } of members) table.found(nodeId, reputationMicro, timestampMs);
    };

    await rebuild();
    return {
      handlers: {
        getReputation: ({ nodeId }) => ({ view: table.view(nodeId, ctx.now()) }),
        getTable: ({ limit }) => ({ table: table.highest(limit, ctx.now()) }),
      },
      events: {
        'chain.blockApplied': (block: BlockApplied) => {
          if (block.height === table.height + 1) apply(block, true);
          else if (block.height > table.height) return rebuild();
        },
        'chain.blocksReverted': rebuild,
      },
      inspect: () => ({ nodes: table.size, height: table.height }),
    };
  },
});

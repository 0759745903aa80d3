/** The reputation actor: an indexed view of what the chain says about everybody, with the counts behind each score. */
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { type BlockApplied, chain } from '../chain/messages.js';
import type { Hash } from '../chain/types.js';
import { IncidentLog } from './incidents.js';
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
    const incidents = new IncidentLog();

    const apply = (block: BlockApplied, announce: boolean): void => {
      incidents.apply(block);
      for (const { nodeId, beforeMicro, afterMicro } of table.apply(block)) {
        if (announce) ctx.emit(reputation.changed, { nodeId, beforeMicro, afterMicro, height: block.height });
      }
    };
    /** The table holds what is no longer so; stays set when a rebuild finds no chain to ask. */
    let stale = false;
    /** Members without a change since genesis are in no record. */
    const foundMembers = async (): Promise<void> => {
      const { members } = await ctx.ask(chain.getMembers, {}, { timeoutMs: STARTUP_TIMEOUT_MS });
      const { timestampMs } = await ctx.ask(chain.getStatus, {});
      for (const { nodeId, reputationMicro } of members) table.found(nodeId, reputationMicro, timestampMs);
    };
    const rebuild = async (): Promise<void> => {
      stale = true;
      table.reset();
      incidents.revertTo(0);
      for (;;) {
        const request = { fromHeight: table.height + 1, limit: PAGE };
        const { blocks } = await ctx.ask(chain.getApplied, request, { timeoutMs: STARTUP_TIMEOUT_MS });
        for (const block of blocks) apply(block, false);
        if (blocks.length < PAGE) break;
      }
      await foundMembers();
      stale = false;
    };
    const revert = async (hashes: readonly Hash[]): Promise<void> => {
      if (stale || !table.revert(hashes)) return rebuild();
      incidents.revertTo(table.height);
      // A founder whose first record was taken back is a member still.
      stale = true;
      await foundMembers();
      stale = false;
    };

    await rebuild();
    return {
      handlers: {
        getReputation: ({ nodeId }) => ({ view: table.view(nodeId, ctx.now()) }),
        getTable: ({ limit }) => ({ table: table.highest(limit, ctx.now()) }),
        getIncidents: ({ limit }) => ({ incidents: incidents.newest(limit) }),
      },
      events: {
        'chain.blockApplied': (block: BlockApplied) => {
          if (stale) return rebuild();
          if (table.isNext(block)) apply(block, true);
          else if (block.height > table.height) return rebuild();
        },
        'chain.blocksReverted': ({ hashes }) => revert(hashes),
      },
      inspect: () => ({ nodes: table.size, height: table.height }),
    };
  },
});

/** The pages of the chain: where it stands, its blocks, its fees. */
import { type BlockView, chain } from '../../actors/chain/messages.js';
import { NANO } from '../genome/space.js';
import { coinsOf, PAGE_TIMEOUT, type SourceFacts, type StatusSource } from './node-view.js';
import type { AskPort } from './port.js';
import type { BlockJson } from './status.js';

type ChainPages = Pick<StatusSource, 'chainStatus' | 'fees' | 'blocks' | 'block'>;

export function chainPages(system: AskPort, facts: Pick<SourceFacts, 'version'>): ChainPages {
  const getChain = () => system.ask(chain.getStatus, {}, PAGE_TIMEOUT);
  return {
    async chainStatus() {
      const status = await getChain();
      return {
        chain_id: status.chainId,
        genesis_hash: status.genesisHash,
        chain_height: status.height,
        tip_hash: status.hash,
        tip_index: status.height,
        finalized_height: status.finalized.height,
        finalized_hash: status.finalized.hash,
        proof_blocks: status.proofBlocks,
        total_work: Number(status.totalWorkNano) / NANO,
        timestamp_ms: status.timestampMs,
        slot_ms: status.slotMs,
        supply: coinsOf(status.supplyUnits),
        busy: status.busy,
        component_versions: { doin: facts.version },
      };
    },

    async fees() {
      const { baseFeeUnits, suggestedFee, burnedUnits, lockedUnits, supplyUnits, mempool } = await getChain();
      return {
        enabled: true,
        base_fee: coinsOf(baseFeeUnits),
        suggested_max_fee: coinsOf(suggestedFee.maxUnits),
        suggested_tip: coinsOf(suggestedFee.tipUnits),
        mempool,
        minted: coinsOf(supplyUnits),
        burned: coinsOf(burnedUnits),
        locked: coinsOf(lockedUnits),
      };
    },

    async blocks(from, to) {
      const heights = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
      const replies = await Promise.all(
        heights.map((height) => system.ask(chain.getBlockView, { height }, PAGE_TIMEOUT)),
      );
      return replies.flatMap(({ view }) => (view === null ? [] : [blockJson(view)]));
    },

    async block(which) {
      const { view } = await system.ask(chain.getBlockView, which, PAGE_TIMEOUT);
      return view === null ? null : blockJson(view);
    },
  };
}

/** The header in upstream's names where it has them, the transactions and records as the chain holds them. */
function blockJson(view: BlockView): BlockJson {
  const { header, transactions } = view.block;
  return {
    hash: view.hash,
    header: {
      index: header.height,
      previous_hash: header.parent,
      timestamp: new Date(header.timestampMs).toISOString(),
      generator_id: header.proposer,
      merkle_root: header.transactionsRoot,
      state_root: header.stateRoot,
      vrf_proof: header.vrfProof,
      version: header.version,
      chain_id: header.chainId,
      slot: header.slot,
      rank: header.rank,
      signature: header.signature,
    },
    proof_block: view.isProofBlock,
    transactions,
    records: view.records,
  };
}

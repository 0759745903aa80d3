import { fromHex, toUtf8 } from '../../../runtime/codec/bytes.js';
import { array, encode, hash32, i54, struct, text } from '../../../runtime/codec/canonical.js';
import { hash } from '../../../runtime/crypto/hash.js';
import type { Execution } from '../execution.js';
import { LIMITS } from '../limits.js';
import { OPEN, OPEN_COUNT, OPTIMUM } from '../state/state.js';
import type { Hash, NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Commit = Extract<TransactionBody, { type: 'commit' }>;

const commitmentPreimage = struct({
  chainId: text(LIMITS.chainIdBytes),
  domain: text(LIMITS.domainIdBytes),
  optimizer: hash32,
  genome: array(i54, LIMITS.genomeValues),
  salt: hash32,
});

/** Binds chain, domain and optimizer, so that a copied commitment is worthless to anybody else. */
export function commitmentOf(preimage: {
  readonly chainId: string;
  readonly domain: string;
  readonly optimizer: NodeId;
  readonly genome: readonly number[];
  readonly salt: Hash;
}): Hash {
  return hash('doin/commitment', [encode(commitmentPreimage, preimage)]);
}

/** Reserves a training seed that did not exist before this block. */
export function applyCommit(execution: Execution, sender: NodeId, { commitment, domain }: Commit): Refusal | null {
  const spec = execution.domain(domain);
  if (spec === undefined) return { code: 'unknown-domain' };
  if (execution.state.get(OPTIMUM, commitment) !== undefined) return { code: 'duplicate-commitment' };
  const open = execution.state.require(OPEN);
  if (open.length >= LIMITS.openOptimae) return { code: 'too-many-open-optimae', later: true };
  if (execution.isBanned(sender)) return { code: 'banned' };
  const own = execution.state.get(OPEN_COUNT, sender) ?? 0;
  const { maxOpenCommits, reputation } = execution.genesis.parameters;
  // Whoever has no reputation to lose gets one at a time, as the design's newcomers do.
  const allowed = execution.reputationMicro(sender) >= reputation.minimumMicro ? maxOpenCommits : 1;
  if (own >= allowed) return { code: 'too-many-commits', later: true };
  const { block } = execution;
  const trainingSeed = hash('doin/training-seed', [fromHex(commitment), toUtf8(domain), fromHex(block.beacon)]);
  const expiresAtMs =
    block.timestampMs + execution.genesis.parameters.commitTtlMs + spec.limits.trainingSeconds * 1_000;
  execution.state = execution.state
    .set(OPTIMUM, commitment, {
      domain,
      optimizer: sender,
      committedHeight: block.height,
      expiresAtMs,
      trainingSeed,
      reveal: null,
    })
    .set(OPEN, '', [...open, commitment])
    .set(OPEN_COUNT, sender, own + 1);
  execution.updateGlobals({ committed: execution.globals().committed + 1 });
  execution.records.push({
    type: 'COMMITTED',
    optimum: commitment,
    domain,
    optimizer: sender,
    trainingSeed,
    expiresAtMs,
  });
  return null;
}

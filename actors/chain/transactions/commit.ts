import { fromHex } from '../../../runtime/codec/bytes.js';
import { array, encode, hash32, i54, struct, text } from '../../../runtime/codec/canonical.js';
import { hash } from '../../../runtime/crypto/hash.js';
import { expire, stakeUnits } from '../closing.js';
import { lock } from '../coins.js';
import type { Execution } from '../execution.js';
import { LIMITS } from '../limits.js';
import { isGoodStamp, type Stamped } from '../stamp.js';
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

/**
 * Under which the state keeps it. With the sender in it, who copies a commitment from the network makes one of his own,
 * which he can never open, instead of taking the place of the one he copied.
 */
export function optimumIdOf(commitment: Hash, optimizer: NodeId): Hash {
  return hash('doin/optimum', [fromHex(commitment), fromHex(optimizer)]);
}

/** Reserves the training seed that the next block draws, for a stake or a stamp. */
export function applyCommit(execution: Execution, sender: NodeId, body: Commit): Refusal | null {
  const { optimum: id, commitment, domain, stamp } = body;
  const spec = execution.domain(domain);
  if (spec === undefined) return { code: 'unknown-domain' };
  if (execution.state.get(OPTIMUM, id) !== undefined) return { code: 'duplicate-commitment' };
  if (optimumIdOf(commitment, sender) !== id) return { code: 'not-your-commitment' };
  if (execution.state.require(OPEN).length >= LIMITS.openOptimae) return { code: 'too-many-open-optimae', later: true };
  if (execution.isBanned(sender)) return { code: 'banned' };
  const refusal =
    stamp === null ? takeStake(execution, sender) : takeStamp(execution, { about: commitment, sender }, domain, stamp);
  if (refusal !== null) return refusal;
  const { block } = execution;
  const expiresAtMs =
    block.timestampMs + execution.genesis.parameters.commitTtlMs + spec.limits.trainingSeconds * 1_000;
  execution.state = execution.state
    .set(OPTIMUM, id, {
      domain,
      optimizer: sender,
      committedHeight: block.height,
      expiresAtMs,
      trainingSeed: null,
      stakeUnits: stamp === null ? stakeUnits(execution) : 0,
      reveal: null,
    })
    .set(OPEN, '', [...execution.state.require(OPEN), id])
    .set(OPEN_COUNT, sender, (execution.state.get(OPEN_COUNT, sender) ?? 0) + 1);
  execution.updateGlobals({ committed: execution.globals().committed + 1 });
  execution.records.push({
    type: 'COMMITTED',
    optimum: id,
    domain,
    optimizer: sender,
    expiresAtMs,
  });
  return null;
}

/** Coins bound how many somebody can have open, up to the chain's own limit. */
function takeStake(execution: Execution, sender: NodeId): Refusal | null {
  const own = execution.state.get(OPEN_COUNT, sender) ?? 0;
  if (own >= execution.genesis.parameters.maxOpenCommits) return { code: 'too-many-commits', later: true };
  return lock(execution, sender, stakeUnits(execution), { cause: 'stake' });
}

/**
 * Without coins one at a time: a new one takes the place of one in its domain that was not revealed, which its optimizer
 * has given up then, and waits for any other.
 */
function takeStamp(execution: Execution, subject: Stamped, domain: string, stamp: number): Refusal | null {
  if (!isGoodStamp(subject, stamp, execution.genesis.parameters.stake.stampBits)) return { code: 'bad-stamp' };
  if ((execution.state.get(OPEN_COUNT, subject.sender) ?? 0) === 0) return null;
  const own = execution.state
    .require(OPEN)
    .map((id) => ({ id, optimum: execution.state.require(OPTIMUM, id) }))
    .filter(({ optimum }) => optimum.optimizer === subject.sender);
  const givenUp = own.every(
    ({ optimum }) =>
      optimum.reveal === null && optimum.domain === domain && optimum.committedHeight < execution.block.height,
  );
  if (!givenUp) return { code: 'too-many-commits', later: true };
  for (const { id, optimum } of own) expire(execution, id, optimum);
  return null;
}

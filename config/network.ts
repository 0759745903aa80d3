/**
 * Network (genesis) files: JSON with snake_case keys and PeerIds, turned into the genesis that consensus starts from.
 * Every value matters to every node, so nothing has a default here and unknown keys are errors.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Genesis } from '../actors/chain/genesis.js';
import { LIMITS } from '../actors/chain/limits.js';
import { ranksPerSlot } from '../actors/chain/schedule.js';
import { MAX_WINDOW } from '../actors/chain/state/use.js';
import { peerIdOf, publicKeyOf } from '../runtime/crypto/peer-id.js';
import { NANO } from '../runtime/fixed/nano.js';
import { domainSchema } from './domain-spec.js';
import { parseSnakeFile, snakeKeys, unreadable } from './snake-file.js';

const positive = z.int().min(1);
const natural = z.int().min(0);

/** A block's header holds its proposer's rank in one byte. */
const MAX_RANKS = 256;

const parametersSchema = z.strictObject({
  slotMs: positive,
  rankDelayMs: positive,
  targetProofIntervalMs: positive,
  initialThresholdNano: positive,
  minimumThresholdNano: positive,
  commitTtlMs: positive,
  seatDeadlineBlocks: positive,
  anchorInterval: positive,
  maxOpenCommits: positive,
  blockSubsidyUnits: natural,
  halvingProofBlocks: positive,
  supplyCapUnits: natural,
  reputation: z.strictObject({
    acceptedMicro: natural,
    agreedMicro: natural,
    rejectedMicro: natural,
    divergentMicro: natural,
    missedMicro: natural,
    doubleSignMicro: natural,
    halfLifeMs: positive,
    minimumMicro: z.int().min(1, 'must be at least 1, as who has no reputation cannot be drawn by it'),
  }),
  incentive: z.strictObject({
    toleranceNano: positive,
    floorNano: natural,
    bonusThresholdNano: positive,
    capNano: natural,
  }),
  fees: z.strictObject({
    minimumBaseUnits: positive.max(LIMITS.feeUnits),
    targetPlaces: positive.max(LIMITS.transactionsPerBlock / 2),
  }),
  stake: z.strictObject({
    baseFees: natural.max(1_000),
    burnPercent: natural.max(100),
    stampBits: natural.max(40),
  }),
  domains: z.strictObject({
    depositUnits: natural.max(LIMITS.feeUnits),
    votingMs: positive,
    burnNano: natural.max(NANO),
  }),
  channels: z.strictObject({ disputeBlocks: positive, maxOpen: natural.max(LIMITS.channelsPerPayer) }),
  weights: z.strictObject({
    windowProofBlocks: positive.max(MAX_WINDOW),
    shareFloorNano: natural.max(NANO),
    meanIncrementCapNano: natural.max(1_000 * NANO),
    domainPartNano: natural.max(NANO),
    inferenceBurnNano: natural.max(NANO),
  }),
  challenge: z.strictObject({
    windowBlocks: natural.max(1_000),
    largeGainNano: natural,
    auditLargeNano: natural.max(1_000_000_000),
    auditSmallNano: natural.max(1_000_000_000),
    jurySize: positive.max(LIMITS.jurors),
    bondMicro: natural,
    shadowSeats: natural.max(LIMITS.shadowsPerOptimum),
    banBlocks: positive,
  }),
  finality: z.strictObject({ checkpointBlocks: positive, depthBlocks: natural, silentBlocks: positive }),
  toleranceStandardErrors: natural,
});

const nodeIdSchema = z.string().transform((text, context) => {
  const publicKey = publicKeyOf(text);
  if (publicKey !== null) return publicKey;
  context.addIssue({ code: 'custom', message: 'is not a node id; use what the node prints at start, "12D3Koo..."' });
  return z.NEVER;
});

const genesisSchema = z
  .strictObject({
    chainId: z.string().regex(/^[a-z0-9-]{1,32}$/, 'use 1 to 32 of a-z, 0-9 and "-"'),
    timestampMs: natural,
    solo: z.boolean(),
    parameters: parametersSchema,
    domains: z.array(domainSchema).min(1).max(LIMITS.domains),
    members: z
      .array(z.strictObject({ nodeId: nodeIdSchema, reputationMicro: natural, evaluates: z.array(z.string()) }))
      .min(1),
  })
  .superRefine((genesis, context) => {
    for (const { path, message } of contradictionsOf(genesis as Genesis)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What only shows when values are seen together. */
function* contradictionsOf({ parameters, domains, members, ...rest }: Genesis): Generator<Contradiction> {
  const ranks = ranksPerSlot({ parameters, domains, members, ...rest });
  if (ranks > MAX_RANKS) {
    const message = `lets ${ranks} ranks fit into a slot of ${parameters.slotMs} ms; use one that lets ${MAX_RANKS} at most`;
    yield { path: ['parameters', 'rankDelayMs'], message };
  }
  const known = new Set(domains.map((domain) => domain.domainId));
  if (known.size !== domains.length) yield { path: ['domains'], message: 'lists a domain twice' };
  for (const [index, { nodeId, evaluates }] of members.entries()) {
    if (members.findIndex((member) => member.nodeId === nodeId) !== index) {
      yield { path: ['members', index, 'nodeId'], message: 'is listed twice; name each member once' };
    }
    const unknown = evaluates.find((domain) => !known.has(domain));
    if (unknown !== undefined) {
      yield { path: ['members', index, 'evaluates'], message: `names the unknown domain "${unknown}"` };
    }
  }
}

/** Throws DoinError `network-file-invalid`, whose message names the field, the value's problem and the file. */
export async function readGenesis(file: string): Promise<Genesis> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable({ kind: 'network', file }, cause);
  });
  return parseGenesis(text, file);
}

/** The same for a text that is there already; `file` is what messages call it. */
export function parseGenesis(text: string, file: string): Genesis {
  return parseSnakeFile(genesisSchema, text, { kind: 'network', file }) as Genesis;
}

/** Written beside and renamed: a crash leaves no half a file. */
export async function writeGenesis(file: string, genesis: Genesis): Promise<void> {
  const members = genesis.members.map((member) => ({ ...member, nodeId: peerIdOf(member.nodeId) }));
  const temporary = `${file}.new`;
  await writeFile(temporary, `${JSON.stringify(snakeKeys({ ...genesis, members }), null, 2)}\n`);
  await rename(temporary, file);
}

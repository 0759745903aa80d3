/**
 * Network (genesis) files: JSON with snake_case keys and PeerIds, turned into the genesis that consensus starts from.
 * Every value matters to every node, so nothing has a default here and unknown keys are errors.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { MIN_INCREMENT_SCALE_NANO } from '../actors/chain/domain-spec.js';
import type { Genesis } from '../actors/chain/genesis.js';
import { LIMITS } from '../actors/chain/limits.js';
import { ranksPerSlot } from '../actors/chain/schedule.js';
import { MAX_WINDOW } from '../actors/chain/state/use.js';
import { peerIdOf, publicKeyOf } from '../runtime/crypto/peer-id.js';
import { DoinError, errorMessage } from '../runtime/errors.js';
import { NANO } from '../runtime/fixed/nano.js';

const integer = z.int();
const positive = z.int().min(1);
const natural = z.int().min(0);
/** A block's header holds its proposer's rank in one byte. */
const MAX_RANKS = 256;

const shortText = (maximumBytes: number) =>
  z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= maximumBytes, `must be at most ${maximumBytes} bytes of UTF-8`);

/** Module name of domains whose work is done by a program of the node's owner. */
const PROGRAMS = 'exec';

const rangeOf = <K extends 'int' | 'float'>(kind: K) =>
  z
    .strictObject({
      name: shortText(LIMITS.nameBytes),
      kind: z.literal(kind),
      low: integer,
      high: integer,
      log: z.boolean().optional(),
    })
    .refine(({ low, high }) => low <= high, { path: ['low'], message: 'is above high' })
    .refine(({ log, low }) => !log || low > 0, {
      path: ['log'],
      message: 'needs a low above 0, as there is no logarithm below; raise low or leave log out',
    });

const parameterSchema = z.discriminatedUnion('kind', [
  rangeOf('int'),
  rangeOf('float'),
  z.strictObject({
    name: shortText(LIMITS.nameBytes),
    kind: z.literal('categorical'),
    choices: z.array(shortText(LIMITS.nameBytes)).min(1).max(LIMITS.choicesPerParameter),
  }),
]);

const domainSchema = z.strictObject({
  domainId: z
    .string()
    .max(LIMITS.domainIdBytes)
    .regex(/^[a-z0-9._-]+$/, 'use only a-z, 0-9, ".", "_" and "-"'),
  module: shortText(LIMITS.moduleBytes),
  metric: shortText(LIMITS.nameBytes),
  direction: z.enum(['maximize', 'minimize']),
  space: z.array(parameterSchema).min(1).max(LIMITS.genomeValues),
  baselineNano: integer,
  incrementScaleNano: z.int().min(MIN_INCREMENT_SCALE_NANO, `must be at least ${MIN_INCREMENT_SCALE_NANO}`),
  toleranceFloorNano: natural,
  noiseNano: natural,
  synthetic: z.boolean(),
  verification: z.enum(['exact', 'statistical']),
  weightNano: natural,
  limits: z.strictObject({
    trainingSeconds: positive.max(LIMITS.trainingSeconds),
    memoryMb: positive.max(LIMITS.memoryMb),
    epochs: positive.max(LIMITS.epochs),
    batchSize: positive.max(LIMITS.batchSize),
    blobBytes: natural.max(LIMITS.blobBytes),
  }),
});

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
  for (const [index, { verification, weightNano, module }] of domains.entries()) {
    if (module === PROGRAMS && verification === 'exact') {
      yield {
        path: ['domains', index, 'verification'],
        message: 'must be "statistical": a program of any kind gives no bits to compare',
      };
    }
    if (verification === 'statistical' && weightNano > NANO / 2) {
      const message = `must be at most ${NANO / 2}, as results of statistical domains cannot be proved false`;
      yield { path: ['domains', index, 'weightNano'], message };
    }
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
    throw unreadable(file, cause);
  });
  return parseGenesis(text, file);
}

/** The same for a text that is there already; `file` is what messages call it. */
export function parseGenesis(text: string, file: string): Genesis {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  const foreign = foreignKeys(parsed);
  if (foreign.length > 0) {
    throw invalid(
      file,
      foreign.map((path) => `${path}: is not a known key; keys are in snake_case`),
    );
  }
  const result = genesisSchema.safeParse(renameKeys(parsed, toCamel));
  if (result.success) return result.data as Genesis;
  throw invalid(file, result.error.issues.flatMap(describe));
}

/** Written beside and renamed: a crash leaves no half a file. */
export async function writeGenesis(file: string, genesis: Genesis): Promise<void> {
  const members = genesis.members.map((member) => ({ ...member, nodeId: peerIdOf(member.nodeId) }));
  const temporary = `${file}.new`;
  await writeFile(temporary, `${JSON.stringify(renameKeys({ ...genesis, members }, toSnake), null, 2)}\n`);
  await rename(temporary, file);
}

function unreadable(file: string, cause: unknown): ReturnType<typeof invalid> {
  return invalid(file, [`cannot be read (${errorMessage(cause)}); name an existing network file`], cause);
}

function invalid(
  file: string,
  problems: readonly string[],
  cause?: unknown,
): DoinError<{ code: 'network-file-invalid'; file: string }> {
  return new DoinError(
    { code: 'network-file-invalid', file },
    [`The network file ${file} is not valid:`, ...problems.map((problem) => `  ${problem}`)].join('\n'),
    { cause },
  );
}

function describe(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map((key) => toSnake(String(key)));
  if (issue.code !== 'unrecognized_keys') return [`${path.join('.')}: ${issue.message}`];
  return issue.keys.map((key) => `${[...path, toSnake(key)].join('.')}: is not a known key; remove it`);
}

/** Paths of keys that are not in snake case: as `slotMs` they would pass for `slot_ms`. */
function foreignKeys(value: unknown, path: readonly string[] = []): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = [...path, key];
    return !/[A-Z]/.test(key) ? foreignKeys(item, here) : [here.join('.')];
  });
}

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renameKeys(item, rename)]));
}

function toCamel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Network (genesis) files: JSON with snake_case keys and PeerIds, turned into the genesis that consensus starts from.
 * Every value matters to every node, so nothing has a default here and unknown keys are errors.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Genesis } from '../actors/chain/genesis.js';
import { LIMITS } from '../actors/chain/limits.js';
import { peerIdOf, publicKeyOf } from '../runtime/crypto/peer-id.js';
import { DoinError, errorMessage } from '../runtime/errors.js';

const integer = z.int();
const positive = z.int().min(1);
const natural = z.int().min(0);

const parameterSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    name: z.string().min(1),
    kind: z.literal('int'),
    low: integer,
    high: integer,
    log: z.boolean().optional(),
  }),
  z.strictObject({
    name: z.string().min(1),
    kind: z.literal('float'),
    low: integer,
    high: integer,
    log: z.boolean().optional(),
  }),
  z.strictObject({ name: z.string().min(1), kind: z.literal('categorical'), choices: z.array(z.string()).min(1) }),
]);

const domainSchema = z.strictObject({
  domainId: z.string().min(1).max(LIMITS.domainIdBytes),
  module: z.string().min(1),
  metric: z.string().min(1),
  direction: z.enum(['maximize', 'minimize']),
  space: z.array(parameterSchema).min(1).max(LIMITS.genomeValues),
  baselineNano: integer,
  incrementScaleNano: positive,
  toleranceFloorNano: natural,
  synthetic: z.boolean(),
  weightNano: natural,
  limits: z.strictObject({
    trainingSeconds: positive.max(3_600),
    memoryMb: positive.max(8_192),
    epochs: positive.max(5_000),
    batchSize: positive.max(512),
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
    halfLifeMs: positive,
    minimumMicro: natural,
  }),
  incentive: z.strictObject({
    toleranceNano: positive,
    floorNano: natural,
    bonusThresholdNano: positive,
    capNano: natural,
  }),
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
    domains: z.array(domainSchema).min(1),
    members: z
      .array(z.strictObject({ nodeId: nodeIdSchema, reputationMicro: natural, evaluates: z.array(z.string()) }))
      .min(1),
  })
  .superRefine((genesis, context) => {
    const known = new Set(genesis.domains.map((domain) => domain.domainId));
    if (known.size !== genesis.domains.length)
      context.addIssue({ code: 'custom', path: ['domains'], message: 'lists a domain twice' });
    for (const [index, member] of genesis.members.entries()) {
      const unknown = member.evaluates.find((domain) => !known.has(domain));
      if (unknown !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['members', index, 'evaluates'],
          message: `names the unknown domain "${unknown}"`,
        });
      }
    }
    for (const [index, { space }] of genesis.domains.entries()) {
      const empty = space.find((parameter) => parameter.kind !== 'categorical' && parameter.low > parameter.high);
      if (empty !== undefined) {
        context.addIssue({
          code: 'custom',
          path: ['domains', index, 'space'],
          message: `${empty.name}: low is above high`,
        });
      }
    }
  });

/** Throws DoinError `network-file-invalid`, whose message names the field, the value's problem and the file. */
export async function readGenesis(file: string): Promise<Genesis> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw invalid(file, [`cannot be read (${errorMessage(cause)}); name an existing network file`], cause);
  }
  const result = genesisSchema.safeParse(renameKeys(parsed, toCamel));
  if (result.success) return result.data as Genesis;
  throw invalid(
    file,
    result.error.issues.map((issue) => `${issue.path.map((key) => toSnake(String(key))).join('.')}: ${issue.message}`),
  );
}

/** Written beside and renamed: a crash leaves no half a file. */
export async function writeGenesis(file: string, genesis: Genesis): Promise<void> {
  const members = genesis.members.map((member) => ({ ...member, nodeId: peerIdOf(member.nodeId) }));
  const temporary = `${file}.new`;
  await writeFile(temporary, `${JSON.stringify(renameKeys({ ...genesis, members }, toSnake), null, 2)}\n`);
  await rename(temporary, file);
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

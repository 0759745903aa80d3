/** How a domain is written in files: in a network's genesis, and in a file of its own that a node's owner gives. */
import { z } from 'zod';
import { MIN_INCREMENT_SCALE_NANO } from '../actors/chain/domain-spec.js';
import { LIMITS } from '../actors/chain/limits.js';
import type { DomainSpec, LocalDomainSpec } from '../gpu-workers/types.js';
import { NANO } from '../runtime/fixed/nano.js';
import { parseSnakeFile, snakeKeys } from './snake-file.js';

const integer = z.int();
const positive = z.int().min(1);
const natural = z.int().min(0);

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

const domainObject = z.strictObject({
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

type Checked = Pick<DomainSpec, 'verification' | 'weightNano' | 'module'>;

function checkVerification({ verification, weightNano, module }: Checked, context: z.RefinementCtx): void {
  const issue = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (module === PROGRAMS && verification === 'exact') {
    issue('verification', 'must be "statistical": a program of any kind gives no bits to compare');
  }
  if (verification === 'statistical' && weightNano > NANO / 2) {
    issue('weightNano', `must be at most ${NANO / 2}, as results of statistical domains cannot be proved false`);
  }
}

export const domainSchema = domainObject.superRefine(checkVerification);

const definitionSchema = domainObject
  .extend({ command: z.array(z.string()).min(1, 'needs at least the name of the program').optional() })
  .superRefine(checkVerification)
  .superRefine(({ module, command }, context) => {
    if ((module === PROGRAMS) === (command !== undefined)) return;
    const message = `belongs to domains of module "${PROGRAMS}", and to all of them`;
    context.addIssue({ code: 'custom', path: ['command'], message });
  });

/** A file that defines a domain for its owner's node. Throws DoinError `domain-file-invalid`. */
export function parseDefinition(text: string, file: string): LocalDomainSpec {
  return parseSnakeFile(definitionSchema, text, { kind: 'domain', file }) as LocalDomainSpec;
}

/** The same for a definition that code gives. */
export function checkDefinition(spec: unknown, file: string): DomainSpec {
  return parseSnakeFile(domainSchema, JSON.stringify(snakeKeys(spec)), { kind: 'domain', file }) as DomainSpec;
}

/** The same for JSON from elsewhere, in snake case; `source` is what messages call it. */
export function readDefinition(json: unknown, source: string): DomainSpec {
  return parseSnakeFile(domainSchema, JSON.stringify(json ?? null), { kind: 'domain', file: source }) as DomainSpec;
}

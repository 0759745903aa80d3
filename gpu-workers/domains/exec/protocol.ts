/**
 * What DOIN and a program say to each other: one JSON object a line, UTF-8, requests on the program's standard input,
 * answers on its standard output. Written for authors in docs/domains.md. Version 1.
 */
import { z } from 'zod';
import type { GenomeValues } from '../../../runtime/genome/space.js';
import type { TaskLimits } from '../../types.js';

export const PROTOCOL_VERSION = 1;

/** The longest line a program may write: weights of 16 MiB in base64, and room around them. */
export const MAX_LINE_BYTES = 24 * 1_048_576;

/** Seeds are 64 hex digits; weights and data are base64. */
export type ProgramRequest =
  | { readonly type: 'hello'; readonly protocol: number; readonly domain: string; readonly limits: TaskLimits }
  | {
      readonly type: 'train';
      readonly genome: GenomeValues;
      readonly seed: string;
      readonly max_epochs: number;
      readonly early_patience: number;
    }
  | { readonly type: 'synthetic_data'; readonly seed: string }
  | { readonly type: 'evaluate'; readonly genome: GenomeValues; readonly weights: string; readonly data: string }
  | { readonly type: 'predict'; readonly genome: GenomeValues; readonly weights: string; readonly input: unknown };

const id = z.int().min(0);
const epochs = z.int().min(0);

/** Fields a program adds are ignored, so that it may serve later versions too. */
export const replySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), id, protocol: z.literal(PROTOCOL_VERSION) }),
  z.object({
    type: z.literal('progress'),
    id,
    epoch: epochs,
    max_epochs: epochs,
    loss: z.number(),
    validation_loss: z.number(),
  }),
  z.object({ type: z.literal('trained'), id, weights: z.base64(), epochs }),
  z.object({ type: z.literal('synthetic_data'), id, data: z.base64() }),
  z.object({
    type: z.literal('evaluated'),
    id,
    performance: z.number(),
    standard_error: z.number().min(0),
    samples: z.int().min(1),
    /** Every output, sample by sample: what the vote's trace digest is made of. */
    outputs: z.base64(),
  }),
  z.object({ type: z.literal('predicted'), id, output: z.unknown() }),
  z.object({
    type: z.literal('failed'),
    id,
    code: z.enum(['bad-genome', 'bad-weights', 'bad-input', 'non-finite-result', 'task-cancelled', 'task-crashed']),
    message: z.string(),
  }),
]);

export type ProgramReply = z.infer<typeof replySchema>;
export type ReplyTo<T extends ProgramRequest['type']> = Extract<
  ProgramReply,
  { type: T extends 'train' ? 'trained' : T extends 'evaluate' ? 'evaluated' : T extends 'predict' ? 'predicted' : T }
>;

export const ANSWERS: { readonly [T in ProgramRequest['type']]: ReplyTo<T>['type'] } = {
  hello: 'hello',
  train: 'trained',
  synthetic_data: 'synthetic_data',
  evaluate: 'evaluated',
  predict: 'predicted',
};

/**
 * Tasks and results as they travel to workers on other machines and back: JSON, bytes as hex or base64, weights with
 * their hash. Both ends use it; what a result means is judged by the task queue (actors/task-queue/remote-results.ts).
 */
import { z } from 'zod';
import type { RemoteOutcome, TaskLease } from '../../actors/task-queue/messages.js';
import type { PoolResult, PoolTask } from '../../gpu-workers/types.js';
import { fromHex, toHex } from '../codec/bytes.js';
import { blobHash } from '../storage/blob-chunks.js';
import { badRequest, hash } from './fields.js';
import { count, domainId } from './pages/schema.js';

/** The largest blob as base64, and the rest of a result. */
export const COMPLETION_BYTES = 24 * 1024 * 1024;
/** A claim that finds no task is answered at the latest after this time. */
export const LONGEST_WAIT_SECONDS = 20;
export const MAX_SLOTS = 256;

const base64 = z.string().describe('Base64 with padding.');
const leaseId = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits');

export const claimSchema = z.strictObject({
  lease_id: leaseId.describe('Drawn at random: the lease goes by it, and so can the claim be given back.'),
  worker: z
    .string()
    .regex(/^[\w.:@-]{1,64}$/, 'use 1 to 64 letters, digits, or .:@_-')
    .describe('Its name: the same for all claims of one worker.'),
  slots: z.int().min(1).max(MAX_SLOTS).describe('Tasks that it runs at a time.'),
  spec_hashes: z.array(hash).min(1).max(256).describe('Definitions of domains (`/domains`) that it has.'),
  wait_seconds: z.number().min(0).max(LONGEST_WAIT_SECONDS).default(10).describe('How long to wait for a task.'),
});

const taskPage = z.strictObject({
  kind: z.enum(['train', 'evaluate', 'benchmark', 'predict']),
  domain_id: domainId,
  genome: z.array(z.int()),
  seed: hash.optional(),
  data_seed: hash.optional(),
  max_epochs: count.optional(),
  early_patience: count.optional(),
  weights: base64.optional(),
  input: z.string().optional(),
});

export const claimPage = z.strictObject({
  lease: z
    .strictObject({
      lease_id: leaseId,
      expires_in_seconds: z.number().describe('Unless it is renewed.'),
      spec_hash: hash,
      task: taskPage,
    })
    .nullable()
    .describe('Null: there was no task; claim again.'),
});

export const renewSchema = z.strictObject({
  lease_id: leaseId,
  progress: z
    .strictObject({ epoch: count, max_epochs: count, loss: z.number(), validation_loss: z.number() })
    .nullable()
    .default(null),
});
export const renewPage = z.strictObject({ held: z.boolean().describe('False: drop the task.') });

const resultSchema = z.strictObject({
  performance: z.number(),
  standard_error: z.number(),
  samples: count,
  seconds: z.number(),
  epochs: count.optional(),
  weights: base64.optional(),
  weights_hash: hash.optional().describe('Of the weights, as the chain names blobs.'),
  data_hash: hash.optional(),
  trace_hash: hash.optional(),
  output: z.string().optional(),
  beside: z.record(z.string().min(1).max(64), z.number()).optional().describe('Figures of a benchmark.'),
});

export const completeSchema = z.discriminatedUnion('outcome', [
  z.strictObject({ outcome: z.literal('done'), lease_id: leaseId, result: resultSchema }),
  z.strictObject({
    outcome: z.literal('failed'),
    lease_id: leaseId,
    code: z.string().min(1).max(64),
    message: z.string().max(2_000),
  }),
  z.strictObject({ outcome: z.literal('released'), lease_id: leaseId }),
]);
export const completePage = z.strictObject({
  accepted: z.boolean(),
  reason: z.string().nullable().describe('Why it does not count.'),
});

export type ClaimJson = z.input<typeof claimSchema>;
export type ClaimedJson = z.output<typeof claimPage>;
export type LeaseJson = NonNullable<ClaimedJson['lease']>;
export type RenewJson = z.input<typeof renewSchema>;
export type CompleteJson = z.input<typeof completeSchema>;
type TaskJson = z.output<typeof taskPage>;
type ResultJson = z.output<typeof resultSchema>;

export function leaseToJson({ leaseId: id, expiresInMs, specHash, task }: TaskLease): LeaseJson {
  return { lease_id: id, expires_in_seconds: expiresInMs / 1000, spec_hash: specHash, task: taskToJson(task) };
}

function taskToJson(task: PoolTask): TaskJson {
  const common = { domain_id: task.domainId, genome: [...task.genome] };
  switch (task.kind) {
    case 'train': {
      const { maxEpochs, earlyPatience } = task.budget;
      const seeds = { seed: toHex(task.seed), data_seed: toHex(task.dataSeed) };
      return { kind: 'train', ...common, ...seeds, max_epochs: maxEpochs, early_patience: earlyPatience };
    }
    case 'evaluate':
      return { kind: 'evaluate', ...common, weights: toBase64(task.weights), data_seed: toHex(task.dataSeed) };
    case 'benchmark':
      return { kind: 'benchmark', ...common, weights: toBase64(task.weights) };
    case 'predict':
      return { kind: 'predict', ...common, weights: toBase64(task.weights), input: task.input };
  }
}

/** Throws DoinError `bad-request` when it is no answer of a node. */
export function readLease(json: unknown): LeaseJson | null {
  const parsed = claimPage.safeParse(json);
  if (parsed.success) return parsed.data.lease;
  throw badRequest(`the node gave no lease: ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
}

export function taskFromJson(json: TaskJson): PoolTask {
  const { domain_id: domainId, genome, seed = '', data_seed: dataSeed = '', input = '' } = json;
  const weights = fromBase64('weights', json.weights ?? '');
  switch (json.kind) {
    case 'train': {
      const budget = { maxEpochs: json.max_epochs ?? 0, earlyPatience: json.early_patience ?? 0 };
      return { kind: 'train', domainId, genome, seed: fromHex(seed), dataSeed: fromHex(dataSeed), budget };
    }
    case 'evaluate':
      return { kind: 'evaluate', domainId, genome, weights, dataSeed: fromHex(dataSeed) };
    case 'benchmark':
      return { kind: 'benchmark', domainId, genome, weights };
    case 'predict':
      return { kind: 'predict', domainId, genome, weights, input };
  }
}

export function resultToJson(result: PoolResult): ResultJson {
  const { measurement, seconds, epochs, weights, evidence, output, beside } = result;
  return {
    performance: measurement.performance,
    standard_error: measurement.standardError,
    samples: measurement.samples,
    seconds,
    ...(epochs !== undefined && { epochs }),
    ...(weights !== undefined && { weights: toBase64(weights), weights_hash: blobHash(weights) }),
    ...(evidence !== undefined && { data_hash: evidence.dataHash, trace_hash: evidence.traceHash }),
    ...(output !== undefined && { output }),
    ...(beside !== undefined && { beside }),
  };
}

/** Throws DoinError `bad-request` when the weights are not those of their hash. */
export function outcomeFromJson(json: z.output<typeof completeSchema>): RemoteOutcome {
  switch (json.outcome) {
    case 'done':
      return { type: 'done', result: resultFromJson(json.result) };
    case 'failed':
      return { type: 'failed', code: json.code, message: json.message };
    case 'released':
      return { type: 'released' };
  }
}

function resultFromJson(json: ResultJson): PoolResult {
  const { performance, standard_error: standardError, samples, seconds, epochs, output, beside } = json;
  const { data_hash: dataHash, trace_hash: traceHash } = json;
  const weights = json.weights === undefined ? undefined : fromBase64('result.weights', json.weights);
  if (weights !== undefined && blobHash(weights) !== json.weights_hash) {
    throw badRequest('result.weights_hash: is not the hash of these weights; were they damaged on their way?');
  }
  return {
    measurement: { performance, standardError, samples },
    seconds,
    ...(epochs !== undefined && { epochs }),
    ...(weights !== undefined && { weights }),
    ...(dataHash !== undefined && traceHash !== undefined && { evidence: { dataHash, traceHash } }),
    ...(output !== undefined && { output }),
    ...(beside !== undefined && { beside }),
  };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Buffer skips what is no base64: then the length does not fit. */
function fromBase64(field: string, text: string): Uint8Array {
  const buffer = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (text.length % 4 !== 0 || buffer.length !== (text.length / 4) * 3 - padding) {
    throw badRequest(`${field}: is no base64 with padding`);
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

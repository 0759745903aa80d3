/** What the evaluator actor accepts, answers and emits: it measures one seat of one optimum. */
import type { Evidence, Measurement } from '../../gpu-workers/types.js';
import type { Genome } from '../../runtime/genome/space.js';
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { BlobReference, Hash } from '../chain/types.js';

export const evaluator = protocol('evaluator', {
  /** Fetches the weights if needed, measures on data from `dataSeed`, answers when done. */
  measure: ask<
    { optimum: Hash; seat: number; domain: string; genome: Genome; blob: BlobReference | null; dataSeed: Hash },
    Measurement & Evidence
  >({ concurrent: true, timeoutMs: 4_000_000 }),
  getStatistics: ask<Record<string, never>, { measured: number; failed: number; secondsTotal: number }>(),

  measured: event<{
    optimum: Hash;
    seat: number;
    domain: string;
    performance: number;
    standardError: number;
    seconds: number;
  }>(),
});

/** Records for tests of what is done with them. */
import type { Envelope } from '../../../runtime/system/actor.js';
import type { TraceRecord } from '../../../runtime/trace/record.js';

export const OPTIMUM = 'ab12'.repeat(16);
export const OTHER = 'ab13'.repeat(16);
export const BLOCK = 'cd34'.repeat(16);

export function sampleRecord(overrides: Partial<TraceRecord> = {}): TraceRecord {
  return {
    time: 1_700_000_000_123,
    thread: 'chain',
    actor: 'chain',
    kind: 'submit',
    type: 'ask',
    from: 'gossip',
    id: 41,
    causeId: 40,
    traceId: '0123456789abcdef',
    optima: [],
    block: null,
    height: null,
    waitMs: 0.054,
    handleMs: 1.2,
    outcome: 'ok',
    ...overrides,
  };
}

export function sampleEnvelope(overrides: Partial<Envelope> = {}): Envelope {
  return {
    to: 'chain',
    from: 'gossip',
    kind: 'submit',
    type: 'tell',
    id: 1,
    causeId: 0,
    traceId: '0123456789abcdef',
    sentAt: 1_700_000_000_000,
    payload: {},
    ...overrides,
  };
}

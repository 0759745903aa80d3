/**
 * The life of one optimum as steps in time, from two sources: the chain's records (complete, in block times, for every
 * node's optima) and the messages of the asked node (only what it does itself and only from now on, to the microsecond).
 */
import type { ChainRecord, Seat } from '../../actors/chain/types.js';
import { UNITS_PER_COIN } from '../fixed/coins.js';
import { NANO } from '../genome/space.js';
import type { TraceJson } from '../trace/format.js';
import { formatPerformance, printable, shortId } from './format.js';

export interface LifeStep {
  /** Milliseconds since the epoch: of its block, or of the moment the handler was done. */
  readonly at: number;
  readonly source: 'chain' | 'node';
  readonly step: StepName;
  readonly text: string;
  /** Chain only. */
  readonly height?: number;
  /** Node only: how long it took there, waiting in the mailbox not counted. */
  readonly duration_ms?: number;
}

export type StepName =
  | 'training'
  | 'commit-sent'
  | 'committed'
  | 'seeded'
  | 'confirmation-run'
  | 'reveal-sent'
  | 'revealed'
  | 'seat'
  | 'measurement'
  | 'vote-sent'
  | 'vote'
  | 'provisional'
  | 'challenged'
  | 'judged'
  | 'accepted'
  | 'rejected'
  | 'expired'
  | 'stake'
  | 'proof-block';

/** A block as `/chain/blocks` shows it; only what this needs. */
export interface BlockJson {
  readonly hash: string;
  readonly header: { readonly index: number; readonly timestamp: string };
  readonly proof_block: boolean;
  readonly records: readonly ChainRecord[];
}

export function optimumOf(record: ChainRecord): string | null {
  return 'optimum' in record ? record.optimum : null;
}

export function isVerdict({ step }: LifeStep): boolean {
  return step === 'accepted' || step === 'rejected' || step === 'expired';
}

/** What a block says about the optimum, in the block's order. */
export function stepsOfBlock(block: BlockJson, optimum: string): LifeStep[] {
  const at = Date.parse(block.header.timestamp);
  const height = block.header.index;
  const steps = block.records.flatMap((record): LifeStep[] => {
    if (optimumOf(record) !== optimum) return [];
    const said = stepOfRecord(record);
    return said === null ? [] : [{ at, source: 'chain', height, ...said }];
  });
  if (block.proof_block && steps.some(({ step }) => step === 'accepted')) {
    const text = `its work extends the chain: block ${height} ${shortId(block.hash)} is a proof block`;
    steps.push({ at, source: 'chain', height, step: 'proof-block', text });
  }
  return steps;
}

function stepOfRecord(record: ChainRecord): Pick<LifeStep, 'step' | 'text'> | null {
  switch (record.type) {
    case 'COMMITTED':
      return { step: 'committed', text: `committed by ${shortId(record.optimizer)} in ${printable(record.domain)}` };
    case 'SEEDED':
      return { step: 'seeded', text: 'its training seed is drawn' };
    case 'REVEALED': {
      const claim = formatPerformance(record.reportedNano / NANO);
      return { step: 'revealed', text: `revealed: claims ${claim} (best was ${best(record.previousBestNano)})` };
    }
    case 'TASK_CREATED':
      return {
        step: 'seat',
        text: `${seatName(record.seat)} given to ${shortId(record.seat.evaluator)}, until block ${record.seat.deadlineHeight}`,
      };
    case 'TASK_COMPLETED': {
      const { evaluator, status, performanceNano } = record.seat;
      const measured = performanceNano === null ? status : `measured ${formatPerformance(performanceNano / NANO)}`;
      return { step: 'vote', text: `${seatName(record.seat)}: ${shortId(evaluator)} ${measured}` };
    }
    case 'PROVISIONAL': {
      const { verifiedNano, settlesAtHeight } = record;
      const verdict = verifiedNano === null ? 'will be rejected' : `will be accepted at ${best(verifiedNano)}`;
      return { step: 'provisional', text: `${verdict} at block ${settlesAtHeight}, unless challenged` };
    }
    case 'CHALLENGED': {
      const { seat, evaluator, challenger, jurors } = record;
      const text = `${shortId(challenger)} accuses seat ${seat} of ${shortId(evaluator)} before a jury of ${jurors.length}`;
      return { step: 'challenged', text };
    }
    case 'JUDGED':
      return { step: 'judged', text: `jury on seat ${record.seat} of ${shortId(record.evaluator)}: ${record.outcome}` };
    case 'OPTIMAE_ACCEPTED': {
      const { verifiedNano, agreeing, seats } = record;
      const votes = `${agreeing} of ${seats} votes agree`;
      return { step: 'accepted', text: `ACCEPTED: verified ${formatPerformance(verifiedNano / NANO)}, ${votes}` };
    }
    case 'OPTIMAE_REJECTED':
      return { step: 'rejected', text: `rejected: ${record.reason}` };
    case 'STAKE': {
      const { returnedUnits, burnedUnits } = record;
      const text = `stake: ${returnedUnits / UNITS_PER_COIN} coins back, ${burnedUnits / UNITS_PER_COIN} burned`;
      return { step: 'stake', text };
    }
    case 'COMMIT_EXPIRED':
      return { step: 'expired', text: 'expired: never revealed in time' };
    case 'ANCHORED':
    case 'INFERENCE_PAID':
    case 'CHANNEL':
    case 'DOMAIN':
    case 'REPUTATION':
    case 'COINBASE':
    case 'OFFENCE':
    case 'JUSTIFIED':
    case 'FINALIZED':
      return null;
  }
}

/** Audits and shadow seats say what they are. */
const seatName = ({ index, duty, audits }: Seat) =>
  duty === 'quorum' ? `seat ${index}` : duty === 'shadow' ? `shadow seat ${index}` : `audit ${index} of seat ${audits}`;

const best = (nano: number) => formatPerformance(nano / NANO);

/** How far the optimum has come, by what was seen of it. */
type Phase = 'unknown' | 'committed' | 'revealed';

/** Collects the steps of one optimum; each is taken once, whoever tells it again. */
export class OptimumLife {
  readonly optimum: string;
  readonly steps: LifeStep[] = [];
  readonly #taken = new Set<string>();
  #phase: Phase = 'unknown';

  constructor(optimum: string) {
    this.optimum = optimum;
  }

  get verdict(): LifeStep | null {
    return this.steps.find(isVerdict) ?? null;
  }

  /** Steps that are new. */
  takeBlock(block: BlockJson): LifeStep[] {
    return stepsOfBlock(block, this.optimum).filter((step) => this.#take(step, `${step.step} ${step.text}`));
  }

  takeMessage(message: TraceJson): LifeStep | null {
    const isAbout = message.optima.includes(this.optimum) || this.optimum.startsWith(message.trace_id);
    const step = isAbout ? this.#stepOfMessage(message) : null;
    return step !== null && this.#take(step, `message ${message.id}`) ? step : null;
  }

  #take(step: LifeStep, name: string): boolean {
    if (this.#taken.has(name)) return false;
    this.#taken.add(name);
    this.steps.push(step);
    if (step.step === 'revealed' || step.step === 'reveal-sent') this.#phase = 'revealed';
    else if (this.#phase === 'unknown' && step.step !== 'training') this.#phase = 'committed';
    return true;
  }

  /** Null for the many messages that are only on the way. */
  #stepOfMessage(message: TraceJson): LifeStep | null {
    const { actor, kind, from, handle_ms: handleMs, outcome, optima } = message;
    const said = (step: StepName, text: string): LifeStep => ({
      at: message.at + handleMs,
      source: 'node',
      step,
      text: outcome === 'ok' ? text : `${text}: ${printable(outcome)}`,
      duration_ms: handleMs,
    });
    switch (`${from} ${actor}.${kind}`) {
      case 'optimizer task-queue.run':
        if (optima.length === 0) return said('training', 'found by this node in a training run');
        // Once it is revealed, what the optimizer still runs is the champion on held-out data.
        return this.#phase === 'revealed'
          ? null
          : said('confirmation-run', 'confirmation run with the seed of its block');
      case 'optimizer chain.submit':
        return this.#phase === 'unknown' ? said('commit-sent', 'commitment sent') : said('reveal-sent', 'reveal sent');
      case 'quorum chain.submit':
        return said('vote-sent', 'vote of this node sent');
      case 'quorum evaluator.measure':
        return said('measurement', 'measured by this node');
      default:
        return null;
    }
  }
}

/** What the chain held against somebody, by block, for people who watch: an attack that failed is worth knowing too. */
import type { BlockApplied } from '../chain/messages.js';
import type { ChainRecord } from '../chain/types.js';
import type { Incident } from './messages.js';

const KEPT = 200;

export class IncidentLog {
  /** Oldest first. */
  #incidents: Incident[] = [];

  apply({ height, timestampMs, records }: Pick<BlockApplied, 'height' | 'timestampMs' | 'records'>): void {
    const found = records.flatMap(incidentsOf).map((incident) => ({ ...incident, height, timestampMs }));
    if (found.length > 0) this.#incidents = [...this.#incidents, ...found].slice(-KEPT);
  }

  /** Forgets what happened above a height: those blocks are gone. */
  revertTo(height: number): void {
    this.#incidents = this.#incidents.filter((incident) => incident.height <= height);
  }

  newest(limit: number): readonly Incident[] {
    return this.#incidents.toReversed().slice(0, limit);
  }
}

type Fact = Omit<Incident, 'height' | 'timestampMs'>;
const NOTHING = { reportedBy: null, optimum: null, domain: null, seat: null, reason: null };

function incidentsOf(record: ChainRecord): Fact[] {
  switch (record.type) {
    case 'JUDGED': {
      const { optimum, domain, seat, evaluator, challenger, outcome } = record;
      const where = { ...NOTHING, optimum, domain, seat };
      if (outcome === 'undecided') return [];
      return outcome === 'false-vote'
        ? [{ ...where, kind: 'false-vote', node: evaluator, reportedBy: challenger }]
        : [{ ...where, kind: 'false-challenge', node: challenger }];
    }
    case 'OFFENCE':
      return [{ ...NOTHING, kind: record.offence, node: record.node, reportedBy: record.reporter }];
    case 'OPTIMAE_REJECTED': {
      const { optimum, domain, optimizer, reason } = record;
      return [{ ...NOTHING, optimum, domain, reason, kind: 'rejected', node: optimizer }, ...divergent(record)];
    }
    case 'OPTIMAE_ACCEPTED':
      return divergent(record);
    default:
      return [];
  }
}

function divergent({
  optimum,
  domain,
  votes,
}: Extract<ChainRecord, { type: 'OPTIMAE_ACCEPTED' | 'OPTIMAE_REJECTED' }>): Fact[] {
  return votes
    .filter(({ outcome }) => outcome === 'divergent')
    .map(({ evaluator }) => ({ ...NOTHING, optimum, domain, kind: 'divergent-vote', node: evaluator }));
}

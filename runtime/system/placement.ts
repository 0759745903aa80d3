/** Which thread each role lives on. */
import { actorError } from './errors.js';
import { MAIN } from './exchange.js';

/** Thread name -> its roles. Roles that the placement does not name get a thread of their own, named after them. */
export function placeActors(
  roles: readonly string[],
  placement: Readonly<Record<string, readonly string[]>> = {},
): Map<string, string[]> {
  const threads = new Map<string, string[]>();
  const placed = new Set<string>();
  const put = (role: string, thread: string): void => {
    if (placed.has(role) || role === MAIN || thread === MAIN) {
      const message = `placement: "${role}" on "${thread}": each role belongs to one thread, and "main" is taken`;
      throw actorError({ code: 'placement-invalid', role }, message);
    }
    placed.add(role);
    threads.set(thread, [...(threads.get(thread) ?? []), role]);
  };
  for (const [thread, names] of Object.entries(placement)) {
    // A placement may name roles that this node does not run (an optimizer on an evaluator node).
    for (const role of names) if (roles.includes(role)) put(role, thread);
  }
  for (const role of roles) if (!placed.has(role) || roles.indexOf(role) !== roles.lastIndexOf(role)) put(role, role);
  return threads;
}

/** Memory of a thread of compiled modules, and of one with libp2p (DESIGN section 3, measured on Node 20). */
const THREAD_MB = 17;
const LIBP2P_THREAD_MB = 40;
/** Actors may take this part of the memory; the rest is for the models that the pool trains. */
const ACTORS_SHARE = 1 / 20;
/**
 * Roles whose handlers hold a loop: libp2p's cryptography, block verification with SQLite. A heavy role apart keeps
 * the p99 of the others at 2 ms, where sharing a thread gives 20 ms (DESIGN section 3).
 */
const HEAVY: readonly string[] = ['gossip', 'chain'];
/** What a vote waits for. Kept apart from the search while there is a thread for it. */
const CONSENSUS: readonly string[] = ['quorum', 'reputation'];

export interface Machine {
  readonly cores: number;
  readonly memoryMb: number;
}

export interface PlacementAdvice {
  /** As the config takes it; empty: one thread per role. */
  readonly placement: Readonly<Record<string, readonly string[]>>;
  readonly threads: number;
  readonly memoryMb: number;
  readonly reason: string;
}

/**
 * The most threads that the machine has room for. More cores than roles change nothing: an idle thread costs memory
 * only. With fewer cores than busy threads, light roles that share one wake it once for all their messages.
 */
export function recommendPlacement({ cores, memoryMb }: Machine, roles: readonly string[]): PlacementAdvice {
  const light = roles.filter((role) => !HEAVY.includes(role));
  const consensus = light.filter((role) => CONSENSUS.includes(role));
  const others = light.filter((role) => !CONSENSUS.includes(role));
  const levels: readonly {
    readonly fromCores: number;
    readonly groups: Readonly<Record<string, readonly string[]>>;
  }[] = [
    { fromCores: 4, groups: {} },
    { fromCores: 2, groups: { consensus, search: others } },
    { fromCores: 1, groups: { light } },
    { fromCores: 1, groups: { node: roles } },
  ];
  const budgetMb = memoryMb * ACTORS_SHARE;
  const fitting = levels
    .filter(({ fromCores }) => cores >= fromCores)
    .map(({ groups }) => withoutSingles(groups))
    .map((placement) => ({ placement, placed: placeActors(roles, placement) }))
    .map(({ placement, placed }) => ({ placement, threads: placed.size, memoryMb: memoryOf(placed) }));
  const chosen = fitting.find((option) => option.memoryMb <= budgetMb) ?? fitting.at(-1);
  const { placement, threads, memoryMb: takenMb } = chosen ?? { placement: {}, threads: 0, memoryMb: 0 };
  const shared = Object.keys(placement).length === 0 ? 'one thread for each actor' : `${threads} threads`;
  const reason = `${shared}, about ${takenMb} MB, on ${cores} cores with ${memoryMb} MB`;
  return { placement, threads, memoryMb: takenMb, reason };
}

/** A group of one is what a role gets anyway. */
function withoutSingles(groups: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(groups).filter(([, roles]) => roles.length > 1));
}

function memoryOf(threads: ReadonlyMap<string, readonly string[]>): number {
  return [...threads.values()].reduce(
    (sum, roles) => sum + (roles.includes('gossip') ? LIBP2P_THREAD_MB : THREAD_MB),
    0,
  );
}

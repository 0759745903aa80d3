/**
 * Millions of messages between threads while receivers crash at random, some with their whole thread. Afterwards every
 * message has been handled, or is a dead letter, or a counted drop; and no sender's message came twice or early.
 */
import { ActorSystem } from '../../runtime/system/system.js';
import { SINKS, SLOTS, SOURCES, soakSources, Tally } from './soak-actors.js';

const MESSAGES = 10_000_000;
const EARLY = 2_000_000;
const POLL_MS = 100;
/** Nothing has moved for so long: what is missing then is lost. */
const QUIET_MS = 10_000;

export interface SoakResult {
  /** Messages without an account, plus those that came twice or before an earlier one. */
  readonly wrong: number;
  readonly handled: number;
  readonly deadLetters: number;
  readonly dropped: number;
  readonly crashes: number;
  readonly earlyMb: number;
  readonly endMb: number;
}

let running: Promise<SoakResult> | null = null;

/** Runs once, for all cases that read its result. */
export function soak(messages: number = MESSAGES): Promise<SoakResult> {
  running ??= run(messages);
  return running;
}

async function run(messages: number): Promise<SoakResult> {
  const module = new URL('./soak-actors.js', import.meta.url).href;
  const tallies = SINKS.map(() => new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT));
  const each = Math.floor(messages / SOURCES.length);
  const system = await ActorSystem.start({
    actors: [
      ...SINKS.map((role, index) => ({ role, module, exportName: `sink${index}`, options: { tally: tallies[index] } })),
      ...SOURCES.map((role, index) => ({ role, module, exportName: `source${index}`, options: {} })),
    ],
    placement: { sources: [...SOURCES] },
    restart: { maxRestarts: Number.MAX_SAFE_INTEGER, baseDelayMs: 1, maxDelayMs: 4 },
    logLevel: 'silent',
    onEscalation: (error) => {
      throw error;
    },
  });
  try {
    for (const { start } of soakSources) system.tell(start, { count: each });
    return await watch(
      system,
      tallies.map((buffer) => new Tally(buffer)),
      each * SOURCES.length,
    );
  } finally {
    await system.stop([], 1_000);
  }
}

async function watch(system: ActorSystem, tallies: readonly Tally[], total: number): Promise<SoakResult> {
  let earlyMb = 0;
  let before = -1;
  let quietSince = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const handled = sum(tallies.map((tally) => tally.handled));
    const deadLetters = system.deadLetterCount;
    const status = await system.status();
    const dropped = sum(status.flatMap((actor) => Object.values(actor.dropped)));
    const accounted = handled + deadLetters + dropped;
    if (earlyMb === 0 && handled >= Math.min(EARLY, total / 5)) earlyMb = megabytes();
    if (accounted !== before) quietSince = performance.now();
    before = accounted;
    const finished = accounted >= total && performance.now() - quietSince > POLL_MS * 10;
    if (!finished && performance.now() - quietSince < QUIET_MS) continue;
    const violations = sum(tallies.map((tally) => tally.violations));
    const crashes = sum(tallies.map((tally) => tally.crashes));
    const wrong = Math.abs(total - accounted) + violations;
    return { wrong, handled, deadLetters, dropped, crashes, earlyMb, endMb: megabytes() };
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Resident memory of the process, all threads together. */
function megabytes(): number {
  return process.memoryUsage.rss() / 1e6;
}

/** Starts a system of the test actors and stops it when the test ends. */
import type { ExecutionContext } from 'ava';
import type { DoinError } from '../../../runtime/errors.js';
import type { LogRecord } from '../../../runtime/system/logging.js';
import { type ActorSpec, ActorSystem, type SystemOptions } from '../../../runtime/system/system.js';

const module = new URL('./actors.js', import.meta.url).href;

export const echoSpec: ActorSpec = { role: 'echo', module, exportName: 'echoActor', options: {} };
export const probeSpec: ActorSpec = { role: 'probe', module, exportName: 'probeActor', options: {} };
export const failingSpec: ActorSpec = { role: 'failing', module, exportName: 'failingActor', options: {} };

export const dependentSpec: ActorSpec = { role: 'dependent', module, exportName: 'dependentActor', options: {} };

export const APART = {};
export const TOGETHER = { shared: ['echo', 'probe'] };

export interface Harness {
  readonly system: ActorSystem;
  readonly logs: LogRecord[];
  /** Resolves with the first escalation. */
  readonly escalated: Promise<DoinError>;
}

export async function startSystem(t: ExecutionContext, overrides: Partial<SystemOptions> = {}): Promise<Harness> {
  const logs: LogRecord[] = [];
  let escalate: (error: DoinError) => void = () => undefined;
  const escalated = new Promise<DoinError>((resolve) => {
    escalate = resolve;
  });
  const system = await ActorSystem.start({
    actors: [echoSpec, probeSpec],
    restart: { baseDelayMs: 1, maxDelayMs: 10 },
    onEscalation: escalate,
    onLog: (record) => logs.push(record),
    ...overrides,
  });
  t.teardown(() => system.stop(undefined, 100));
  return { system, logs, escalated };
}

/** Waits until the actor runs again after so many restarts. */
export function restarted(system: ActorSystem, count: number, role = 'echo'): Promise<unknown> {
  return until(
    () => system.status(),
    (all) => all.some(({ name, restarts, state }) => name === role && restarts === count && state === 'running'),
  );
}

/** Asks until the condition holds; ava's own timeout ends what never comes. */
export async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

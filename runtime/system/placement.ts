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

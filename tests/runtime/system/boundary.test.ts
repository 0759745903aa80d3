/** Every message of every role crosses a real thread and arrives equal. */
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import type { AnyProtocol } from '../../../runtime/system/actor.js';
import type { Ask, Event, Tell } from '../../../runtime/system/protocol.js';
import { ActorSystem } from '../../../runtime/system/system.js';
import { examiner } from './mirrors.js';
import { CATALOGUES } from './samples.js';

const module = new URL('./mirrors.js', import.meta.url).href;
const actorsFolder = new URL('../../../actors/', import.meta.url);
const messages = CATALOGUES.flatMap(({ protocol, samples }) =>
  Object.entries(protocol).map(([kind, reference]) => ({ reference, sample: samples[kind] })),
);

test('every message of every role has a sample', async (t) => {
  const roles = readdirSync(actorsFolder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.true(roles.length >= 8);
  for (const { name } of roles) {
    const exported: Record<string, unknown> = await import(new URL(`${name}/messages.js`, actorsFolder).href);
    const catalogues = Object.values(exported).filter(isCatalogue);
    t.true(catalogues.length > 0, `${name}/messages.ts declares a protocol`);
    for (const catalogue of catalogues) {
      const known = CATALOGUES.find(({ protocol }) => protocol === catalogue);
      t.deepEqual(Object.keys(known?.samples ?? {}).sort(), Object.keys(catalogue).sort(), name);
    }
  }
});

test('every message crosses a worker thread and arrives equal, in the direction it declares', async (t) => {
  const roles = CATALOGUES.map(({ protocol }) => Object.values(protocol)[0]?.role ?? '');
  const system = await ActorSystem.start({
    actors: [
      { role: 'examiner', module, exportName: 'examinerActor', options: {} },
      ...roles.map((role) => ({ role, module, exportName: exportNameOf(role), options: {} })),
    ],
    placement: { mirrors: ['examiner', ...roles] },
    onEscalation: (error) => t.fail(error.message),
  });
  t.teardown(() => system.stop([], 100));
  const equal = new Map<string, boolean>();
  for (const { reference, sample } of messages) {
    if (reference.type === 'event') {
      system.on(reference as Event<unknown>, (payload) =>
        equal.set(reference.name, isDeepStrictEqual(payload, sample?.payload)),
      );
      system.tell(examiner.emit, { name: reference.name });
    } else if (reference.type === 'tell') {
      system.tell(reference as Tell<unknown>, sample?.payload);
    } else {
      const reply = await system.ask(reference as Ask<unknown, unknown>, sample?.request);
      t.deepEqual(reply, sample?.reply, `reply of ${reference.name}`);
    }
  }
  for (const [name, same] of await system.ask(examiner.results, null)) equal.set(name, same);
  for (const { reference } of messages) t.true(equal.get(reference.name), `${reference.name} arrives equal`);
});

function isCatalogue(value: unknown): value is AnyProtocol {
  if (typeof value !== 'object' || value === null) return false;
  const entries = Object.entries(value);
  return entries.length > 0 && entries.every(([kind, entry]) => entry?.kind === kind && 'role' in entry);
}

/** `task-queue` is exported as `taskQueue`. */
function exportNameOf(role: string): string {
  return role.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

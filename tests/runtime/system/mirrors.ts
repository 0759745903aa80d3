/**
 * Stand-ins for every role on a worker thread, with the role's own protocol: each compares what arrives with the sample
 * and answers with the sample of the reply.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ActorDefinition, type AnyProtocol, defineActor } from '../../../runtime/system/actor.js';
import { ask, type Event, protocol, tell } from '../../../runtime/system/protocol.js';
import { type AnySamples, CATALOGUES } from './samples.js';

export const examiner = protocol('examiner', {
  /** Makes this thread send the sample of the event. */
  emit: tell<{ readonly name: string }>(),
  /** Names of the messages that arrived, and whether they were equal to their samples. */
  results: ask<null, readonly (readonly [name: string, equal: boolean])[]>(),
});

/** Shared by all mirrors of the thread. */
const arrived = new Map<string, boolean>();

export const examinerActor = defineActor({
  role: 'examiner',
  protocol: examiner,
  listensTo: [],
  start: (ctx) => ({
    handlers: {
      emit: ({ name }) => {
        for (const { protocol: catalogue, samples } of CATALOGUES) {
          for (const [kind, reference] of Object.entries(catalogue)) {
            if (reference.name === name) ctx.emit(reference as Event<unknown>, samples[kind]?.payload);
          }
        }
      },
      results: () => [...arrived],
    },
    events: {},
  }),
});

function mirror(catalogue: AnyProtocol, samples: AnySamples): ActorDefinition {
  const handlers: Record<string, (value: unknown) => unknown> = {};
  for (const [kind, { type, name }] of Object.entries(catalogue)) {
    if (type === 'event') continue;
    handlers[kind] = (value) => {
      const sample = samples[kind];
      arrived.set(name, isDeepStrictEqual(value, type === 'ask' ? sample?.request : sample?.payload));
      return type === 'ask' ? sample?.reply : undefined;
    };
  }
  const role = Object.values(catalogue)[0]?.role ?? '';
  return { role, protocol: catalogue, listensTo: [], start: () => ({ handlers, events: {} }) as never };
}

const [chain, evaluator, gossip, optimizer, quorum, reputation, taskQueue, tracker] = CATALOGUES.map(
  ({ protocol: catalogue, samples }) => mirror(catalogue, samples),
);

export { chain, evaluator, gossip, optimizer, quorum, reputation, taskQueue, tracker };

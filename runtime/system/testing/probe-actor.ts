/**
 * The probe as an actor. On a worker thread this module is loaded under an address that says what it stands for,
 * because a definition must be known before any options arrive: `probe-actor.js?shape=...&channel=...`.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { DoinError } from '../../errors.js';
import type { ActorContext, ActorDefinition, AnyProtocol, Behaviour, Envelope } from '../actor.js';
import { fromWireError, type WireError } from '../errors.js';
import type { MessageOptions } from '../protocol.js';

interface Shaped {
  readonly type: 'tell' | 'ask' | 'event';
  readonly role: string;
  readonly kind: string;
  readonly name: string;
  readonly options: MessageOptions;
}

/** A catalogue without its types. */
export interface ProbeShape {
  readonly role: string;
  readonly messages: readonly Shaped[];
  readonly listensTo: readonly Shaped[];
}

export type ToProbe =
  | { readonly type: 'reply'; readonly number: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly number: number; readonly error: WireError }
  | { readonly type: 'tell' | 'emit'; readonly reference: Shaped; readonly payload: unknown };

export interface FromProbe {
  readonly number: number;
  readonly envelope: Envelope;
}

type AnyBehaviour = Behaviour<AnyProtocol, []>;

export function shapeOf(protocol: AnyProtocol, listensTo: readonly Shaped[]): ProbeShape {
  const messages = Object.values(protocol).map(plain);
  const role = messages[0]?.role;
  if (role === undefined) throw new DoinError({ code: 'empty-protocol' }, 'a probe needs a catalogue with messages');
  return { role, messages, listensTo: listensTo.map(plain) };
}

function plain({ type, role, kind, name, options }: Shaped): Shaped {
  return { type, role, kind, name, options };
}

export function withoutAnswer(role: string, kind: string): DoinError {
  return new DoinError(
    { code: 'probe-has-no-answer', role, kind },
    `the probe of ${role} was given no answer to ${kind}`,
  );
}

/** Handlers for everything in the shape. Asks run side by side: a test may hold one answer back and give others. */
export function probeBehaviour(
  shape: ProbeShape,
  ctx: ActorContext,
  received: (envelope: Envelope) => Promise<unknown>,
): { readonly behaviour: AnyBehaviour; readonly send: (command: ToProbe) => void } {
  const handle = (_payload: unknown, { to, from, kind, type, id, causeId, traceId, sentAt, ...rest }: Envelope) => {
    const { payload, deadline } = rest;
    const common = { to, from, kind, type, id, causeId, traceId, sentAt, payload };
    return received(deadline === undefined ? common : { ...common, deadline });
  };
  const named = (messages: readonly Shaped[], key: 'kind' | 'name') =>
    Object.fromEntries(messages.map((message) => [message[key], handle]));
  const behaviour = {
    handlers: named(
      shape.messages.filter(({ type }) => type !== 'event'),
      'kind',
    ),
    events: named(shape.listensTo, 'name'),
  } as unknown as AnyBehaviour;
  const send = (command: ToProbe) => {
    if (command.type === 'tell') ctx.tell(command.reference as never, command.payload as never);
    if (command.type === 'emit') ctx.emit(command.reference as never, command.payload as never);
  };
  return { behaviour, send };
}

/** The address of this module for one probe. */
export function probeModule(shape: ProbeShape, channel: string): string {
  const query = new URLSearchParams({ shape: JSON.stringify(shape), channel });
  return `${new URL('./probe-actor.js', import.meta.url).href}?${query}`;
}

/** Called by the thread that hosts the probe. */
export function probeActor(): ActorDefinition {
  const query = new URL(import.meta.url).searchParams;
  const shape = JSON.parse(query.get('shape') ?? 'null') as ProbeShape;
  const channel = query.get('channel') ?? '';
  const messages = shape.messages.map((message) => [
    message.kind,
    // An answer that the test holds back must not hold up what comes after.
    { ...message, options: { ...message.options, concurrent: message.type === 'ask' } },
  ]);
  return {
    role: shape.role,
    protocol: Object.fromEntries(messages) as AnyProtocol,
    listensTo: shape.listensTo as unknown as [],
    start: (ctx) => startRemote(shape, ctx, new BroadcastChannel(channel)),
  };
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: DoinError): void;
}

function startRemote(shape: ProbeShape, ctx: ActorContext, channel: BroadcastChannel): AnyBehaviour {
  const waiting = new Map<number, Waiting>();
  let count = 0;
  const { behaviour, send } = probeBehaviour(shape, ctx, (envelope) => {
    count += 1;
    const message: FromProbe = { number: count, envelope };
    channel.postMessage(message);
    if (envelope.type !== 'ask') return Promise.resolve(undefined);
    return new Promise((resolve, reject) => waiting.set(message.number, { resolve, reject }));
  });
  channel.onmessage = (event) => {
    const command = (event as { data: ToProbe }).data;
    if (command.type === 'reply' || command.type === 'failure') {
      const asked = waiting.get(command.number);
      waiting.delete(command.number);
      if (command.type === 'reply') asked?.resolve(command.value);
      else asked?.reject(fromWireError(command.error));
    } else {
      send(command);
    }
  };
  return { ...behaviour, stop: () => channel.close() };
}

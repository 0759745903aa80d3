/**
 * Typed message catalogues. Each role declares its messages once, in `actors/<role>/messages.ts`, as *references*:
 *
 *     export const taskQueue = protocol('task-queue', {
 *       run: ask<PoolTask, PoolResult>({ timeoutMs: 3_600_000, concurrent: true }),
 *       cancel: tell<{ taskId: string }>(),
 *       finished: event<TaskFinished>(),
 *     });
 *
 * Other roles send with those references (`ctx.ask(taskQueue.run, task)`), so a payload of the wrong type does not
 * compile and nobody spells a kind as a string. Payloads are plain data: whatever msgpack carries (numbers, bigints,
 * strings, booleans, null, Uint8Array, arrays, objects). No functions, no class instances, no undefined in arrays.
 */

/** How a full mailbox treats one more message of this kind. Drops are counted per kind, never silent. */
export type OverflowPolicy = 'backpressure' | 'drop-oldest' | 'drop-newest';

/** Messages of a higher priority overtake those of a lower one in the mailbox; among equals the order is kept. */
export type MessagePriority = 'high' | 'normal' | 'low';

/** What these resolve to, and where the defaults come from: `policy.ts`. */
export interface MessageOptions {
  /** Queue bound for this kind in the receiver's mailbox; default 1024. */
  readonly capacity?: number;
  /** Default `backpressure`. */
  readonly overflow?: OverflowPolicy;
  /** `high` for what consensus waits for, `low` for telemetry. Default `normal`. */
  readonly priority?: MessagePriority;
  /**
   * A handler that may take long and must not hold up the mailbox (a training run, a download) runs beside the
   * following messages; all others run one after another, each to its end, awaiting a returned promise.
   */
  readonly concurrent?: boolean;
}

export interface AskOptions extends MessageOptions {
  /** Deadline when the caller names none; default 10 000 ms. */
  readonly timeoutMs?: number;
}

interface Reference<Type extends 'tell' | 'ask' | 'event', Role extends string, Kind extends string> {
  readonly type: Type;
  readonly role: Role;
  readonly kind: Kind;
  /** `role.kind`, as traces and counters show it. */
  readonly name: `${Role}.${Kind}`;
  readonly options: AskOptions;
}

/** A command without an answer. The phantom field only carries the payload type. */
export interface Tell<P, Role extends string = string, Kind extends string = string>
  extends Reference<'tell', Role, Kind> {
  readonly payloadType?: P;
}

/** A request with a typed reply, or a typed error, before a deadline. */
export interface Ask<Q, R, Role extends string = string, Kind extends string = string>
  extends Reference<'ask', Role, Kind> {
  readonly requestType?: Q;
  readonly replyType?: R;
}

/** Something that happened, sent to every actor whose definition lists it in `listensTo`. */
export interface Event<P, Role extends string = string, Kind extends string = string>
  extends Reference<'event', Role, Kind> {
  readonly payloadType?: P;
}

export type AnyReference = Tell<never> | Ask<never, unknown> | Event<never>;

export interface TellDraft<P> {
  readonly type: 'tell';
  readonly options: MessageOptions;
  readonly payloadType?: P;
}
export interface AskDraft<Q, R> {
  readonly type: 'ask';
  readonly options: AskOptions;
  readonly requestType?: Q;
  readonly replyType?: R;
}
export interface EventDraft<P> {
  readonly type: 'event';
  readonly options: MessageOptions;
  readonly payloadType?: P;
}

export function tell<P>(options: MessageOptions = {}): TellDraft<P> {
  return { type: 'tell', options };
}
export function ask<Q, R>(options: AskOptions = {}): AskDraft<Q, R> {
  return { type: 'ask', options };
}
export function event<P>(options: MessageOptions = {}): EventDraft<P> {
  return { type: 'event', options };
}

// biome-ignore lint/suspicious/noExplicitAny: a catalogue holds messages of every payload type
type Draft = TellDraft<any> | AskDraft<any, any> | EventDraft<any>;
type Named<D, Role extends string, Kind extends string> =
  D extends AskDraft<infer Q, infer R>
    ? Ask<Q, R, Role, Kind>
    : D extends TellDraft<infer P>
      ? Tell<P, Role, Kind>
      : D extends EventDraft<infer P>
        ? Event<P, Role, Kind>
        : never;

export type Protocol<Role extends string, D extends Record<string, Draft>> = {
  readonly [K in keyof D & string]: Named<D[K], Role, K>;
};

export function protocol<const Role extends string, D extends Record<string, Draft>>(
  role: Role,
  drafts: D,
): Protocol<Role, D> {
  const entries = Object.entries(drafts).map(([kind, draft]) => [
    kind,
    Object.freeze({ type: draft.type, role, kind, name: `${role}.${kind}`, options: draft.options }),
  ]);
  return Object.freeze(Object.fromEntries(entries)) as Protocol<Role, D>;
}

export type PayloadOf<R> = R extends { readonly payloadType?: infer P } ? P : never;
export type RequestOf<R> = R extends { readonly requestType?: infer Q } ? Q : never;
export type ReplyOf<R> = R extends { readonly replyType?: infer A } ? A : never;

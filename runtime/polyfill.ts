/**
 * What libp2p 3 needs and Node 20 lacks: `Promise.withResolvers` (Node 22) and a `WebSocket` global (Node 22). Loaded
 * first on every thread, before any import that touches libp2p; on newer Nodes it changes nothing.
 */
import { WebSocket as NodeWebSocket } from 'ws';

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason?: unknown) => void;
}

/** ECMAScript 2024, section 27.2.4.9: works on subclasses, so `this` is the constructor. */
function withResolvers<T>(this: PromiseConstructor): Resolvers<T> {
  let resolve: Resolvers<T>['resolve'] | undefined;
  let reject: Resolvers<T>['reject'] | undefined;
  const promise = new this<T>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  if (resolve === undefined || reject === undefined) throw new TypeError('the promise executor was not called');
  return { promise, resolve, reject };
}

function provide(target: object, name: string, value: unknown): void {
  if (name in target) return;
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

provide(Promise, 'withResolvers', withResolvers);
provide(globalThis, 'WebSocket', NodeWebSocket);

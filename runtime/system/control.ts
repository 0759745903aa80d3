/** Comlink over a node MessagePort: the control plane. 100 us a call, so nothing else goes this way. */
import type { MessagePort } from 'node:worker_threads';
import { type Endpoint, expose, type Remote, transfer, wrap } from 'comlink';
import type { ThreadControl } from './spec.js';

export function exposeControl(control: ThreadControl, port: MessagePort): void {
  expose(control, endpoint(port));
}

export function remoteControl(port: MessagePort): Remote<ThreadControl> {
  return wrap<ThreadControl>(endpoint(port));
}

/** Marks a port as handed over by the call that it is an argument of. */
export function handOver(port: MessagePort): MessagePort {
  // comlink's types know the browser's transferables only; a node port is one in all that matters.
  return transfer(port, [port] as unknown as NonNullable<Transferred>);
}

/** What comlink hands to postMessage, which its types take from the browser's library. */
type Transferred = Parameters<Endpoint['postMessage']>[1];
type Listener = Parameters<Endpoint['addEventListener']>[1];

/** Comlink's own adapter in typed form (its file has a default export that does not resolve under nodenext). */
function endpoint(port: MessagePort): Endpoint {
  const listeners = new WeakMap<Listener, (data: unknown) => void>();
  return {
    postMessage: (message: unknown, transferred?: Transferred) => {
      port.postMessage(message, transferred as MessagePort[] | undefined);
    },
    addEventListener: (_type, listener) => {
      const onMessage = (data: unknown) => {
        const event = { data } as MessageEvent;
        if ('handleEvent' in listener) listener.handleEvent(event);
        else listener(event);
      };
      listeners.set(listener, onMessage);
      port.on('message', onMessage);
    },
    removeEventListener: (_type, listener) => {
      const onMessage = listeners.get(listener);
      if (onMessage !== undefined) port.off('message', onMessage);
    },
    start: () => port.start(),
  };
}

/** A node started by another process (`doin devnet`) tells it when it is ready and takes its commands over IPC. */
import type { CliNode } from './node-port.js';

export type ParentCommand = { readonly command: 'pause' } | { readonly command: 'stop' };
export interface ReadyMessage {
  readonly event: 'ready';
  readonly httpUrl: string;
  readonly nodeId: string;
  readonly p2pAddresses: readonly string[];
}

function isCommand(message: unknown): message is ParentCommand {
  const command = typeof message === 'object' && message !== null ? Reflect.get(message, 'command') : undefined;
  return command === 'pause' || command === 'stop';
}

export interface ParentLink {
  /** Settles when the parent says stop or is gone: a child must not outlive it. */
  readonly stopped: Promise<void>;
  /** The node is up: tells the parent, and does what was asked of the node before it was. */
  serve(node: CliNode): void;
  release(): void;
}

/**
 * Listens from before the node starts, so that nothing said meanwhile is lost. Ctrl-C in a terminal reaches the whole
 * group, but here only the parent decides, so that it can bring all nodes to one head first.
 */
export function listenToParent(parent: NodeJS.Process | null): ParentLink {
  if (parent === null) {
    return { stopped: new Promise(() => undefined), serve: () => undefined, release: () => undefined };
  }
  let served: CliNode | null = null;
  let paused = false;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const ignore = () => undefined;
  const onMessage = (message: unknown) => {
    if (!isCommand(message)) return;
    if (message.command === 'stop') return stop();
    paused = true;
    served?.pauseOptimizer();
  };
  parent.on('SIGINT', ignore);
  parent.on('SIGTERM', stop);
  parent.on('message', onMessage);
  parent.on('disconnect', stop);
  if (!parent.connected) stop();
  return {
    stopped,
    serve(node) {
      served = node;
      if (paused) node.pauseOptimizer();
      const { httpUrl, nodeId, p2pAddresses } = node;
      const ready: ReadyMessage = { event: 'ready', httpUrl, nodeId, p2pAddresses };
      // A send that fails means that the parent is gone, which `disconnect` tells; without a callback it would throw.
      parent.send?.(ready, () => undefined);
    },
    release() {
      parent.off('SIGINT', ignore);
      parent.off('SIGTERM', stop);
      parent.off('message', onMessage);
      parent.off('disconnect', stop);
      if (parent.connected) parent.disconnect();
    },
  };
}

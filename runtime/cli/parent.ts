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

/**
 * `stopped` settles when the parent says stop or is gone: a child must not outlive it. Ctrl-C in a terminal reaches
 * the whole group, but here only the parent decides, so that it can bring all nodes to one head first.
 */
export function serveParent(
  node: CliNode,
  parent: NodeJS.Process | null,
): { readonly stopped: Promise<void>; release(): void } {
  if (parent === null) return { stopped: new Promise(() => undefined), release: () => undefined };
  const ignore = () => undefined;
  parent.on('SIGINT', ignore);
  const stopped = new Promise<void>((resolve) => {
    parent.on('message', (message) => {
      if (!isCommand(message)) return;
      if (message.command === 'pause') node.pauseOptimizer();
      else resolve();
    });
    parent.once('disconnect', resolve);
    parent.once('SIGTERM', () => resolve());
  });
  const { httpUrl, nodeId, p2pAddresses } = node;
  parent.send?.({ event: 'ready', httpUrl, nodeId, p2pAddresses } satisfies ReadyMessage);
  return {
    stopped,
    release() {
      parent.off('SIGINT', ignore);
      if (parent.connected) parent.disconnect();
    },
  };
}

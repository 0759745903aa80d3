/**
 * The other side of the baselines: a bare worker that counts messages, or sends them back. It holds the modules of an
 * actor thread without using them: a garbage collection costs what its heap holds, and megabytes of buffers bring many.
 */
import { parentPort } from 'node:worker_threads';
import '../../runtime/system/thread-host.js';
import './runtime-actors.js';

interface Control {
  readonly expect?: number;
  readonly reflect?: boolean;
}

let expected = 0;
let count = 0;
let reflect = false;

parentPort?.on('message', (message: Control & { readonly id?: string }) => {
  if (message.id === undefined) {
    expected = message.expect ?? 0;
    reflect = message.reflect ?? false;
    count = 0;
    return;
  }
  count += 1;
  if (reflect) parentPort?.postMessage(message);
  else if (count === expected) parentPort?.postMessage({ count });
});

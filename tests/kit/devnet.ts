/** A devnet as a child process, outside of any test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { launcher } from './node-process.js';

/** Resolves with the address of the first node once so many optimae were accepted. */
export async function devnetUntil(
  dataDir: string,
  accepted: number,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [launcher, 'devnet', '--nodes', '3', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let url = '';
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /^node 1 \| dashboard (\S+)\/$/.exec(line)?.[1] ?? url;
    if (/^node 1 \| ACCEPTED /.test(line)) seen += 1;
    if (seen >= accepted) break;
  }
  child.stdout.resume();
  return {
    url,
    async stop() {
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}

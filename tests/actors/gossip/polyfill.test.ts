import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';

/** What Node 20 is to libp2p, on every Node. */
const PROGRAM = `
delete Promise.withResolvers;
delete globalThis.WebSocket;
await import(process.argv[1]);
console.log(typeof Promise.withResolvers, typeof globalThis.WebSocket);
`;

for (const module of ['libp2p-port', 'libp2p-node']) {
  test(`${module} brings what libp2p lacks on Node 20, for users outside the actor system`, async (t) => {
    const url = new URL(`../../../actors/gossip/${module}.js`, import.meta.url).href;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM, url]);
    t.is(stdout.trim(), 'function function');
  });
}

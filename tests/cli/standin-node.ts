/**
 * Stands in for `bin/doin.js start` in tests of the devnet command: the production IPC, HTTP server and signals around
 * a node without actors. Its config file says how it behaves.
 */
import { readFileSync } from 'node:fs';
import type { CliNode } from '../../runtime/cli/node-port.js';
import { serveParent } from '../../runtime/cli/parent.js';
import { startHttpServer } from '../../runtime/http/server.js';
import { summaryOf } from '../../runtime/http/status.js';
import { sampleSource, sampleStatus } from '../http/samples.js';

interface Script {
  readonly id: string;
  readonly tip: string;
  /** Busy until told to pause, as a node with open seats is. */
  readonly busyUntilPause?: boolean;
  /** Ends by itself before it is ready. */
  readonly dies?: boolean;
}

const script = JSON.parse(readFileSync(process.argv[4] ?? '', 'utf8')) as Script;
if (script.dies) process.exit(7);
let busy = script.busyUntilPause === true;
const status = async () => ({ ...sampleStatus, node_id: script.id, tip_hash: script.tip, busy });
const server = await startHttpServer({ host: '127.0.0.1', port: 0, source: { ...sampleSource(1), status } });
const node: CliNode = {
  nodeId: script.id,
  httpUrl: server.url,
  p2pAddresses: [],
  system: { on: () => () => undefined },
  status,
  pauseOptimizer() {
    busy = false;
    console.log('paused');
  },
  stop: async () => summaryOf(await status()),
};
const parent = serveParent(node, process);
await parent.stopped;
console.log('stopped');
parent.release();
await server.close();
process.exit(0);

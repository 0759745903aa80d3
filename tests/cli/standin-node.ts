/**
 * Stands in for `bin/doin.js start` in tests of the commands: the production `start` command, IPC, HTTP server and
 * signals around a node without actors. Its config file says how it behaves.
 */
import { readFileSync } from 'node:fs';
import yargs from 'yargs';
import type { CliNode } from '../../runtime/cli/node-port.js';
import { startCommand } from '../../runtime/cli/start.js';
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
  /** Takes with its start until the message `go`, or until there is nobody left to send it. */
  readonly startsOnGo?: boolean;
}

const script = JSON.parse(readFileSync(process.argv[4] ?? '', 'utf8')) as Script;
if (script.dies) process.exit(7);

async function startNode(): Promise<CliNode> {
  if (script.startsOnGo) {
    console.log('starting');
    await new Promise<void>((resolve) => {
      process.on('message', (message) => {
        if (message === 'go') resolve();
      });
      process.once('disconnect', resolve);
    });
  }
  let busy = script.busyUntilPause === true;
  const status = async () => ({ ...sampleStatus, node_id: script.id, tip_hash: script.tip, busy });
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source: { ...sampleSource(1), status } });
  return {
    nodeId: script.id,
    httpUrl: server.url,
    p2pAddresses: [],
    system: { on: () => () => undefined },
    status,
    pauseOptimizer() {
      busy = false;
      console.log('paused');
    },
    async stop() {
      await server.close();
      console.log('stopped');
      return summaryOf(await status());
    },
  };
}

const { stdout, stderr } = process;
await yargs(['start'])
  .command(startCommand({ startNode }, { stdout, stderr, environment: {}, parent: process, launcher: '' }))
  .exitProcess(false)
  .fail((message, error) => {
    throw error ?? new Error(message);
  })
  .parseAsync();
process.exit(0);

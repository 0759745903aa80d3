import test from 'ava';
import yargs from 'yargs';
import type { NodeConfig } from '../../config/schema.js';
import type { CliNode } from '../../runtime/cli/node-port.js';
import { startCommand } from '../../runtime/cli/start.js';
import { summaryOf } from '../../runtime/http/status.js';
import { sampleStatus } from '../http/samples.js';

async function runStart(args: readonly string[], extra: Partial<CliNode> = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    ({ write: (text: string) => (written[name] += text) }) as unknown as NodeJS.WriteStream;
  const seen: { config: NodeConfig | null; stops: number; subscriptions: number } = {
    config: null,
    stops: 0,
    subscriptions: 0,
  };
  const startNode = async (config: NodeConfig): Promise<CliNode> => {
    seen.config = config;
    return {
      nodeId: 'n1',
      httpUrl: 'http://127.0.0.1:1',
      p2pAddresses: ['/ip4/127.0.0.1/tcp/5'],
      system: {
        on() {
          seen.subscriptions += 1;
          return () => {
            seen.subscriptions -= 1;
          };
        },
      },
      status: async () => sampleStatus,
      pauseOptimizer: () => undefined,
      async stop() {
        seen.stops += 1;
        return summaryOf(sampleStatus);
      },
      ...extra,
    };
  };
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), environment: {}, parent: null, launcher: '' };
  let error: unknown = null;
  try {
    await yargs(['start', ...args])
      .command(startCommand({ startNode }, io))
      .exitProcess(false)
      .fail((message, thrown) => {
        throw thrown ?? new Error(message);
      })
      .parseAsync();
  } catch (thrown) {
    error = thrown;
  }
  return { ...written, ...seen, error };
}

test.serial('after --duration the node stops cleanly and the summary is printed', async (t) => {
  const run = await runStart(['--duration', '0.3']);
  t.is(run.error, null);
  t.is(run.stops, 1);
  t.is(run.subscriptions, 0, 'nobody listens any more');
  t.regex(run.stdout, /dashboard http:\/\/127\.0\.0\.1:1\/\n/);
  t.regex(run.stdout, /peers can join at \/ip4\/127\.0\.0\.1\/tcp\/5/);
  t.regex(run.stdout, /height 7, proof blocks 2, accepted optima 3[\s\S]*held-out 0\.9100/);
});

test.serial('with --json every line of a run is JSON and the last is the summary', async (t) => {
  const { stdout } = await runStart(['--duration', '0.3', '--json']);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.like(lines.at(-1), { event: 'summary', chain_height: 7, proof_blocks: 2, accepted: 3 });
});

test.serial('options become the config of the node', async (t) => {
  const options = '--duration 0.1 --port 0 --role optimizer --domain quadratic --p2p-port 9000 --trace chain,gossip';
  const { config } = await runStart([...options.split(' '), '--log-level', 'warn']);
  t.is(config!.port, 0);
  t.deepEqual(config!.p2p.listen, ['/ip4/0.0.0.0/tcp/9000', '/ip4/0.0.0.0/tcp/9001/ws']);
  t.deepEqual(config!.trace, ['chain', 'gossip']);
  t.is(config!.log_level, 'warn');
  t.like(config!.domains[0], { domain_id: 'quadratic', optimize: true, evaluate: false });
});

test.serial('one Ctrl-C is a clean stop', async (t) => {
  const running = runStart([]);
  while (process.listenerCount('SIGINT') === 0) await new Promise((resolve) => setImmediate(resolve));
  process.emit('SIGINT');
  const run = await running;
  t.is(run.error, null);
  t.is(run.stops, 1);
  t.is(process.listenerCount('SIGINT'), 0);
});

test.serial('a node that fails by itself ends the command with its reason', async (t) => {
  const failed = Promise.reject(new Error('chain crashed too often'));
  const { error } = await runStart([], { failed });
  t.regex(String(error), /chain crashed too often/);
});

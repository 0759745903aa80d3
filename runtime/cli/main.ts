/** The command line: parses, runs one command, turns its error into an exit code. */
import { fileURLToPath } from 'node:url';
import yargs, { type Argv } from 'yargs';
import { nearestName } from '../../config/levenshtein.js';
import { DoinError } from '../errors.js';
import { packageVersion } from '../package-info.js';
import { configCommand } from './config.js';
import { devnetCommand } from './devnet.js';
import { doctorCommand } from './doctor.js';
import { domainCommand } from './domain.js';
import { domainsCommand } from './domains.js';
import { EXIT, errorText, exitCodeOf } from './exit.js';
import { inferCommand } from './infer.js';
import type { CliIo, CliModules } from './node-port.js';
import { queryCommands } from './queries.js';
import { snapshotCommand } from './snapshot.js';
import { startCommand } from './start.js';
import { statusCommand } from './status.js';
import { syncPostgresCommand } from './sync-postgres.js';
import { traceCommand } from './trace.js';
import { verifyCommand } from './verify.js';
import { walletCommand } from './wallet.js';
import { workerCommand } from './worker.js';

const modules: CliModules = {
  startNode: async (config, hooks) => (await import('../node/start.js')).startNode(config, hooks),
  createDevnet: async (options) => (await import('../node/devnet.js')).createDevnet(options),
  diagnose: async (config) => (await import('../node/doctor/diagnosis.js')).diagnose(config),
  async *testDomain(target, cancelMs) {
    yield* (await import('../node/domain-tools.js')).testDomain(target, cancelMs);
  },
  readDomain: async (target) => (await import('../node/domain-tools.js')).readDomain(target),
  newDomain: async (name) => (await import('../node/domain-tools.js')).newDomain(name),
  syncPostgres: async (options) => (await import('../stats/postgres/run.js')).runPostgresSync(options),
  exportSnapshot: async (options) => (await import('../node/snapshot/export.js')).exportSnapshot(options),
  checkSnapshot: async (options) => (await import('../node/snapshot/check.js')).checkSnapshot(options),
  loadDefinitions: async (files) => (await import('../node/own-domains.js')).loadDefinitions(files),
  runWorker: async (options) => (await import('../node/remote-worker.js')).runWorker(options),
  verifyChain: async (options) => (await import('../node/verify.js')).verifyChain(options),
};

function buildParser(args: readonly string[], io: CliIo): Argv {
  const parser = yargs([...args])
    .scriptName('doin')
    .usage(
      '$0 <command> [options]\n\nSearch for better models together, and let a chain of verified improvements prove it.',
    )
    .command(startCommand(modules, io))
    .command(devnetCommand(modules, io))
    .command(statusCommand(io))
    .command(configCommand(io))
    .command([...queryCommands(io)])
    .command(domainsCommand(modules, io))
    .command(domainCommand(modules, io))
    .command(workerCommand(modules, io))
    .command(walletCommand(io))
    .command(inferCommand(io))
    .command(doctorCommand(modules, io))
    .command(syncPostgresCommand(modules, io))
    .command(traceCommand(io))
    .command(verifyCommand(modules, io))
    .command(snapshotCommand(modules, io))
    .completion('completion', 'Print what a shell needs to complete commands: doin completion >> ~/.bashrc')
    .demandCommand(1, 'Name a command, for example `doin start`; `doin --help` lists them')
    .recommendCommands()
    .strict()
    .version(packageVersion)
    .alias('help', 'h')
    .wrap(Math.min(110, io.stdout.columns ?? 100))
    .epilogue('Exit codes: 0 done, 1 failed, 2 wrong option, config or port in use, 130 ended by force.')
    .exitProcess(false);
  return parser.fail((message, error) => {
    if (error && error.name !== 'YError') throw error;
    throw new DoinError({ code: 'usage' }, explain(message, args));
  });
}

const OPTION_NAMES = [
  ...['config', 'role', 'domain', 'port', 'data-dir', 'duration', 'network', 'bootstrap', 'p2p-port', 'trace'],
  ...[
    'trace-file',
    'optimum',
    'log-level',
    'json',
    'cancel-ms',
    'nodes',
    'url',
    'help',
    'version',
    'preset',
    'force',
    'markdown',
    'schema',
    'every',
    'prepare',
    'from',
    'limit',
    'after',
    'snapshot',
    'checkpoint',
    'anchored',
    'anchors',
    'replay',
    'token-file',
    'max-fee',
    'tip',
    'confirmations',
    'new-address',
    'data-hash',
    'server',
    'max-price',
    'channel',
    'threads',
    'node',
    'name',
    'definition',
  ],
];

/** yargs names the unknown option; this adds its value and the nearest one that exists. */
function explain(message: string, args: readonly string[]): string {
  const suggestion = /^Did you mean (?<name>.+)\?$/.exec(message)?.groups?.name;
  if (suggestion !== undefined) return `${JSON.stringify(args[0])}: unknown command; did you mean "${suggestion}"?`;
  const unknown = /^Unknown arguments?: (?<names>.+)$/m.exec(message)?.groups?.names;
  if (unknown === undefined) return `${message}\nSee \`doin --help\`.`;
  const lines = [...new Set(unknown.split(', '))].map((name) => {
    const near = nearestName(name, OPTION_NAMES);
    const fix = near === null ? 'see `doin <command> --help` for the options' : `did you mean --${near}?`;
    const position = args.findIndex((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`));
    const value = args[position]?.split('=')[1] ?? (position >= 0 ? args[position + 1] : undefined);
    const shown = position < 0 ? name : `--${name}${value === undefined ? '' : ` = ${JSON.stringify(value)}`}`;
    return `${shown}: unknown option; ${fix}`;
  });
  return lines.join('\n');
}

/** Runs the command and answers with the exit code. */
export async function main(args: readonly string[], io: CliIo): Promise<number> {
  try {
    await buildParser(args, io).parseAsync();
    return EXIT.ok;
  } catch (error) {
    io.stderr.write(`doin: ${errorText(error)}\n`);
    return exitCodeOf(error);
  }
}

/**
 * A pipe whose reader went away is no failure of ours. Commands that run until somebody stops them (`doin start | head`)
 * end in order, as at SIGTERM; the others have nothing left to do. With a parent it was the parent that went away: the
 * node hears of it over IPC, and its orderly end must not be cut short here.
 */
function endWithReader(): (error: NodeJS.ErrnoException) => void {
  let ended = false;
  return (error) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    if (ended || process.send !== undefined) return;
    ended = true;
    if (!process.emit('SIGTERM', 'SIGTERM')) process.exit(EXIT.ok);
  };
}

/** Called by the launcher. Leaves by an explicit exit, so that a handle somebody forgot cannot keep a stopped node up. */
export async function runFromLauncher(launcherUrl: string): Promise<void> {
  const { stdout, stderr } = process;
  const onClosed = endWithReader();
  for (const stream of [stdout, stderr]) stream.on('error', onClosed);
  const code = await main(process.argv.slice(2), {
    stdout,
    stderr,
    parent: process.send === undefined ? null : process,
    environment: process.env,
    launcher: fileURLToPath(launcherUrl),
  });
  // Pipes are written asynchronously: the last line must be out before the process is.
  await Promise.all(
    [stdout, stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
  process.exit(code);
}

/** `doin snapshot export`, and what `doin verify --snapshot` says. */
import { resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import type { NodeConfig } from '../../config/schema.js';
import { DoinError } from '../errors.js';
import { printable } from './format.js';
import type { CliIo, CliModules, SnapshotReport } from './node-port.js';
import { jsonOption } from './options.js';
import { counterOn } from './progress.js';

export function snapshotCommand(modules: Pick<CliModules, 'exportSnapshot'>, io: CliIo): CommandModule {
  return {
    command: 'snapshot',
    describe: 'Give a state to others, for their nodes to start from',
    builder: (yargs) =>
      yargs
        .command(exportCommand(modules, io))
        .demandCommand(1, 'Name what to do: `doin snapshot export state.snap`')
        .example('$0 snapshot export state.snap', 'The newest final state of ./doin-data')
        .example('$0 verify --snapshot state.snap', 'Check such a file'),
    handler: () => undefined,
  };
}

interface ExportArguments {
  readonly file: string;
  readonly dataDir: string;
  readonly anchored: boolean;
  readonly json: boolean;
}

function exportCommand(modules: Pick<CliModules, 'exportSnapshot'>, io: CliIo): CommandModule<object, ExportArguments> {
  return {
    command: 'export <file>',
    describe: 'Write the newest final state of a data folder; a node may be running on it',
    builder: (yargs) =>
      yargs.positional('file', { type: 'string', demandOption: true, describe: 'File to write' }).options({
        'data-dir': { type: 'string', requiresArg: true, default: './doin-data', describe: 'Folder of the node' },
        anchored: {
          type: 'boolean',
          default: false,
          describe: 'The newest one whose block is written into ledgers outside, so that these can vouch for it',
        },
        json: jsonOption,
      }) as never,
    async handler({ file, dataDir, anchored, json }) {
      const onBlock = counterOn(io, json, 'block');
      const onChunk = counterOn(io, json, 'chunk');
      const report = await modules.exportSnapshot({
        dataDir: resolve(dataDir),
        file: resolve(file),
        anchored,
        ...(onBlock && { onBlock }),
        ...(onChunk && { onChunk }),
      });
      const { height, hash } = report;
      io.stdout.write(
        json
          ? `${JSON.stringify(fieldsOf(report))}\n`
          : `wrote ${file}: ${textOf(report)}\nWho trusts you starts with: --snapshot ${file} --checkpoint ${height}:${hash}\n`,
      );
    },
  };
}

/** Of `doin verify`. */
export async function verifySnapshot(
  options: { readonly file: string; readonly checkpoint: string; readonly anchors?: NodeConfig['anchors'] },
  modules: Pick<CliModules, 'checkSnapshot'>,
  io: CliIo,
  json: boolean,
): Promise<void> {
  const onChunk = counterOn(io, json, 'chunk');
  const check = await modules.checkSnapshot({ ...options, file: resolve(options.file), ...(onChunk && { onChunk }) });
  const { ok, problem, vouching, height, hash } = check;
  const who =
    vouching.length > 0
      ? `${vouching.map(printable).join(' and ')} vouch for its block`
      : `nobody was asked about its block: compare ${height}:${hash} with somebody you trust`;
  io.stdout.write(
    json
      ? `${JSON.stringify({ ok, ...fieldsOf(check), vouching, problem })}\n`
      : `${ok ? 'valid' : 'NOT VALID'}: ${textOf(check)}${ok ? `\n${who}` : ''}\n`,
  );
  if (ok) return;
  const reason = printable(problem ?? 'unknown reason');
  throw new DoinError({ code: 'snapshot-not-valid' }, `snapshot ${options.file} is not valid: ${reason}`);
}

function fieldsOf({ chainId, height, hash, stateRoot, chunks, sizeBytes }: SnapshotReport) {
  return { chain_id: chainId, height, hash, state_root: stateRoot, chunks, size_bytes: sizeBytes };
}

function textOf({ chainId, height, hash, stateRoot, chunks, sizeBytes }: SnapshotReport): string {
  return `state of ${printable(chainId)} after block ${height} (${hash}), root ${stateRoot}, ${chunks} chunks, ${sizeBytes} bytes`;
}

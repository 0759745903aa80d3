/** `doin verify`: replays a node's chain from its genesis and checks every rule again. */
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import type { Environment } from '../../config/environment.js';
import { loadConfig } from '../../config/load.js';
import type { NodeConfig } from '../../config/schema.js';
import { DoinError } from '../errors.js';
import { printable } from './format.js';
import type { CliIo, CliModules } from './node-port.js';
import { jsonOption } from './options.js';

interface VerifyArguments {
  readonly dataDir: string;
  readonly anchors: boolean;
  readonly config?: string | undefined;
  readonly json: boolean;
}

export function verifyCommand(
  modules: Pick<CliModules, 'verifyChain'>,
  io: CliIo,
): CommandModule<object, VerifyArguments> {
  return {
    command: 'verify',
    describe: 'Replay the chain of a data folder from genesis and check every block',
    builder: verifyOptions,
    async handler({ dataDir, anchors, config, json }) {
      const report = await modules.verifyChain({
        dataDir: resolve(dataDir),
        ...(anchors && { anchors: anchorsOf(dataDir, config, io.environment) }),
        ...progressOn(io, json),
      });
      io.stdout.write(
        json
          ? `${JSON.stringify({
              ok: report.ok,
              chain_height: report.height,
              tip_hash: report.tipHash,
              proof_blocks: report.proofBlocks,
              accepted: report.accepted,
              anchors: report.anchors,
              problem: report.problem,
            })}\n`
          : `${report.ok ? 'valid' : 'NOT VALID'}: height ${report.height}, tip ${report.tipHash}, proof blocks ${report.proofBlocks}, accepted optima ${report.accepted}${report.anchors === null ? '' : `, anchors ${report.anchors}`}\n`,
      );
      if (!report.ok) {
        const reason = printable(report.problem ?? 'unknown reason');
        throw new DoinError({ code: 'chain-not-valid' }, `the chain in ${dataDir} is not valid: ${reason}`);
      }
    },
  };
}

/** The ledgers that a node with this config compares with at start. */
function anchorsOf(dataDir: string, file: string | undefined, environment: Environment): NodeConfig['anchors'] {
  const overrides = { data_dir: dataDir };
  return loadConfig({ ...(file !== undefined && { file }), environment, overrides }).config.anchors;
}

function verifyOptions(yargs: Argv): Argv<VerifyArguments> {
  return yargs
    .options({
      'data-dir': { type: 'string', requiresArg: true, default: './doin-data', describe: 'Folder to check' },
      anchors: {
        type: 'boolean',
        default: false,
        describe: 'Compare the chain with what its anchor ledgers say, too',
      },
      config: { type: 'string', requiresArg: true, describe: 'Config file that names the ledgers' },
      json: jsonOption,
    })
    .example('$0 verify', 'Check ./doin-data')
    .example(
      '$0 verify --data-dir ./doin-data-devnet/node-1 --json',
      'Check a node of a devnet',
    ) as unknown as Argv<VerifyArguments>;
}

/** A counter that rewrites its line, on terminals only. */
function progressOn(io: CliIo, json: boolean): { onProgress?: (height: number, tipHeight: number) => void } {
  if (json || !io.stderr.isTTY) return {};
  return {
    onProgress: (height, tipHeight) => {
      io.stderr.write(`\rblock ${height} of ${tipHeight}${height >= tipHeight ? '\n' : ''}`);
    },
  };
}

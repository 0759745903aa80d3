/** `doin verify`: replays a node's chain from its genesis and checks every rule again. */
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import type { Environment } from '../../config/environment.js';
import { type ConfigOverrides, loadConfig } from '../../config/load.js';
import type { NodeConfig } from '../../config/schema.js';
import { DoinError } from '../errors.js';
import { usageError } from './exit.js';
import { printable } from './format.js';
import type { CliIo, CliModules, VerifyReport } from './node-port.js';
import { jsonOption } from './options.js';
import { type Counter, counterOn } from './progress.js';
import { verifySnapshot } from './snapshot.js';

interface VerifyArguments {
  readonly dataDir: string;
  readonly anchors: boolean;
  readonly replay: boolean;
  readonly snapshot?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly config?: string | undefined;
  readonly json: boolean;
}

export function verifyCommand(
  modules: Pick<CliModules, 'verifyChain' | 'checkSnapshot'>,
  io: CliIo,
): CommandModule<object, VerifyArguments> {
  return {
    command: 'verify',
    describe: 'Check every block of a data folder again, or a snapshot',
    builder: verifyOptions,
    async handler({ dataDir, anchors, replay, snapshot, checkpoint, config, json }) {
      if (snapshot !== undefined) {
        const { checkpoint: checked, anchors: ledgers } = configOf(dataDir, config, io.environment, { checkpoint });
        const asked = { file: snapshot, checkpoint: checked, ...(anchors && { anchors: ledgers }) };
        return verifySnapshot(asked, modules, io, json);
      }
      if (checkpoint !== undefined)
        throw usageError('checkpoint', checkpoint, 'is of use with --snapshot only; add it');
      const report = await modules.verifyChain({
        dataDir: resolve(dataDir),
        ...(anchors && { anchors: configOf(dataDir, config, io.environment).anchors }),
        ...(replay && { replay: { domains: trustedDomains(configOf(dataDir, config, io.environment)) } }),
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
              ...(report.replay !== null && {
                replayed: report.replay.replayed,
                mismatches: report.replay.mismatches,
                without_blob: report.replay.withoutBlob,
                not_repeatable: report.replay.notRepeatable,
              }),
              problem: report.problem,
            })}\n`
          : `${textOf(report)}\n`,
      );
      if (!report.ok) {
        const reason = printable(report.problem ?? 'unknown reason');
        throw new DoinError({ code: 'chain-not-valid' }, `the chain in ${dataDir} is not valid: ${reason}`);
      }
    },
  };
}

function textOf({ ok, height, tipHash, proofBlocks, accepted, anchors, replay }: VerifyReport): string {
  const parts = [`height ${height}`, `tip ${tipHash}`, `proof blocks ${proofBlocks}`, `accepted optima ${accepted}`];
  if (anchors !== null) parts.push(`anchors ${anchors}`);
  if (replay !== null) {
    parts.push(`votes replayed ${replay.replayed}`, `mismatches ${replay.mismatches}`);
    if (replay.withoutBlob > 0) parts.push(`optima without weights here ${replay.withoutBlob}`);
    if (replay.notRepeatable > 0) parts.push(`optima not repeatable here ${replay.notRepeatable}`);
  }
  return `${ok ? 'valid' : 'NOT VALID'}: ${parts.join(', ')}`;
}

/** What a node with this config starts with. */
function configOf(
  dataDir: string,
  file: string | undefined,
  environment: Environment,
  given: ConfigOverrides = {},
): NodeConfig {
  const overrides = { data_dir: dataDir, ...given };
  return loadConfig({ ...(file !== undefined && { file }), environment, overrides }).config;
}

/** Whoever has a node work on a domain lets it run the domain's module. */
function trustedDomains({ domains }: NodeConfig): readonly string[] {
  return domains.map((domain) => domain.domain_id);
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
      replay: {
        type: 'boolean',
        default: false,
        describe: 'Evaluate the accepted optima again and compare every vote bit by bit, too',
      },
      snapshot: { type: 'string', requiresArg: true, describe: 'Check this snapshot file instead of a folder' },
      checkpoint: { type: 'string', requiresArg: true, describe: 'Block that the snapshot must be of, as HEIGHT:HASH' },
      config: { type: 'string', requiresArg: true, describe: 'Config file that names ledgers and domains' },
      json: jsonOption,
    })
    .example('$0 verify', 'Check ./doin-data')
    .example('$0 verify --replay', 'Repeat every evaluation that counted')
    .example('$0 verify --snapshot state.snap --checkpoint 1200:4f1c...', 'Check a snapshot')
    .example(
      '$0 verify --data-dir ./doin-data-devnet/node-1 --json',
      'Check a node of a devnet',
    ) as unknown as Argv<VerifyArguments>;
}

function progressOn(io: CliIo, json: boolean): { onProgress?: Counter; onReplayed?: Counter } {
  const [onProgress, onReplayed] = [counterOn(io, json, 'block'), counterOn(io, json, 'vote')];
  return { ...(onProgress && { onProgress }), ...(onReplayed && { onReplayed }) };
}

/** `doin doctor`: can a node run here, and how well? */
import type { Argv, CommandModule } from 'yargs';
import { loadConfig } from '../../config/load.js';
import { DoinError } from '../errors.js';
import { printable, table } from './format.js';
import type { CliIo, CliModules, DoctorFinding, DoctorReport } from './node-port.js';
import { jsonOption, overridesOf } from './options.js';

interface DoctorArguments {
  readonly config?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly port?: string | undefined;
  readonly p2pPort?: string | undefined;
  readonly json: boolean;
}

export function doctorCommand(
  modules: Pick<CliModules, 'diagnose'>,
  io: CliIo,
): CommandModule<object, DoctorArguments> {
  return {
    command: 'doctor',
    describe: 'Check this machine: Node, native modules, backends, ports, data folder, clock; recommend a placement',
    builder: doctorOptions,
    async handler(options) {
      const { config } = loadConfig({
        ...(options.config !== undefined && { file: options.config }),
        environment: io.environment,
        overrides: overridesOf(options),
      });
      const report = await modules.diagnose(config);
      const failed = report.findings.filter(({ level }) => level === 'fail');
      const ok = failed.length === 0;
      const { findings: checks, advice } = report;
      const json = { ok, checks, recommended: { ...advice, memory_mb: advice.memoryMb, memoryMb: undefined } };
      io.stdout.write(options.json ? `${JSON.stringify(json)}\n` : doctorText(report));
      if (!ok) {
        const names = failed.map(({ check }) => check).join(', ');
        throw new DoinError({ code: 'doctor-failed' }, `a node cannot run like this: ${names}; see the fixes above`);
      }
    },
  };
}

function doctorOptions(yargs: Argv): Argv<DoctorArguments> {
  const text = { type: 'string', requiresArg: true } as const;
  return yargs
    .options({
      config: { ...text, alias: 'c', describe: 'Config file of the node to check for' },
      'data-dir': { ...text, describe: 'Its data folder' },
      port: { ...text, describe: 'Its HTTP port' },
      'p2p-port': { ...text, describe: 'Its port for peers' },
      json: jsonOption,
    })
    .example('$0 doctor', 'Before the first start')
    .example(
      '$0 doctor -c node.json --json',
      'For the node of that config, as JSON',
    ) as unknown as Argv<DoctorArguments>;
}

function doctorText({ findings, advice }: DoctorReport): string {
  const rows = findings.map(({ check, level, found }) => [level, check, printable(found)]);
  const fixes = findings.filter((finding): finding is DoctorFinding & { fix: string } => finding.fix !== null);
  const parts = [table(['', 'CHECK', 'FOUND'], rows)];
  if (fixes.length > 0) {
    parts.push(fixes.map(({ level, check, fix }) => `${level} ${check}: ${printable(fix)}`).join('\n'));
  }
  parts.push(`Placement for this machine, in the config file:\n  "placement": ${JSON.stringify(advice.placement)}`);
  return `${parts.join('\n\n')}\n`;
}

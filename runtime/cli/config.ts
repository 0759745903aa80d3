/** `doin config`: write, check and show the settings of a node. */
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { loadConfig } from '../../config/load.js';
import { PRESET_NAMES, PRESETS } from '../../config/presets.js';
import { configReference } from '../../config/reference.js';
import { schemaTree } from '../../config/schema-tree.js';
import { errorMessage } from '../errors.js';
import { usageError } from './exit.js';
import { printable } from './format.js';
import type { CliIo } from './node-port.js';
import { jsonOption } from './options.js';

const DEFAULT_FILE = 'doin.json';

interface InitArguments {
  readonly file: string;
  readonly preset: string;
  readonly force: boolean;
}
interface ValidateArguments {
  readonly file: string;
  readonly json: boolean;
}
interface ShowArguments {
  readonly config?: string | undefined;
}
interface SchemaArguments {
  readonly markdown: boolean;
}

export function configCommand(io: CliIo): CommandModule {
  return {
    command: 'config',
    describe: 'Write, check and show the settings of a node',
    builder: (yargs) =>
      yargs
        .command(initCommand(io))
        .command(validateCommand(io))
        .command(showCommand(io))
        .command(schemaCommand(io))
        .demandCommand(1, 'Say what to do: `doin config init`, `validate`, `show` or `schema`')
        .strict()
        .example('$0 config init node.json --preset public', 'A file to start from')
        .example('$0 config show -c node.json', 'What a node would run with'),
    handler: () => undefined,
  };
}

function initCommand(io: CliIo): CommandModule<object, InitArguments> {
  return {
    command: 'init [file]',
    describe: 'Write a config file to start from',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', default: DEFAULT_FILE, describe: 'Where to' })
        .options({
          preset: {
            type: 'string',
            requiresArg: true,
            default: 'solo',
            choices: PRESET_NAMES,
            describe: 'solo: a private network of one; public: joins a network; evaluator: verifies only',
          },
          force: { type: 'boolean', default: false, describe: 'Replace the file if there is one' },
        })
        .example('$0 config init', `Writes ./${DEFAULT_FILE}`) as unknown as Argv<InitArguments>,
    handler({ file, preset, force }) {
      const path = resolve(file);
      if (!force && existsSync(path)) {
        throw usageError('file', file, 'exists; name another file, or replace it with --force');
      }
      const settings = PRESETS[preset as keyof typeof PRESETS];
      try {
        writeFileSync(path, `${JSON.stringify(settings, null, 2)}\n`);
      } catch (error) {
        throw usageError('file', file, `cannot be written (${errorMessage(error)}); name a file in an existing folder`);
      }
      io.stdout.write(`wrote ${printable(path)}; start the node with: doin start --config ${printable(file)}\n`);
    },
  };
}

function validateCommand(io: CliIo): CommandModule<object, ValidateArguments> {
  return {
    command: 'validate [file]',
    describe: 'Check a config file, with what the environment adds',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', default: DEFAULT_FILE, describe: 'Which' })
        .options({ json: jsonOption })
        .example(
          '$0 config validate node.json',
          'Exits 0 when a node would start with it, else 2',
        ) as unknown as Argv<ValidateArguments>,
    handler({ file, json }) {
      const { warnings } = loadConfig({ file, environment: io.environment });
      if (json) {
        io.stdout.write(`${JSON.stringify({ ok: true, warnings })}\n`);
        return;
      }
      for (const warning of warnings) io.stdout.write(`warning: ${printable(warning)}\n`);
      io.stdout.write(`${printable(file)} is valid\n`);
    },
  };
}

function showCommand(io: CliIo): CommandModule<object, ShowArguments> {
  return {
    command: 'show',
    describe: 'Print what a node would run with: defaults, file and environment',
    builder: (yargs) =>
      yargs
        .options({ config: { type: 'string', alias: 'c', requiresArg: true, describe: 'Config file' } })
        .example('DOIN_PORT=8480 $0 config show', 'The defaults on another port') as unknown as Argv<ShowArguments>,
    handler({ config: file }) {
      const { config, warnings } = loadConfig({ ...(file !== undefined && { file }), environment: io.environment });
      for (const warning of warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
      io.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    },
  };
}

function schemaCommand(io: CliIo): CommandModule<object, SchemaArguments> {
  return {
    command: 'schema',
    describe: 'Print the JSON Schema of config files',
    builder: (yargs) =>
      yargs
        .options({ markdown: { type: 'boolean', default: false, describe: 'The page of all settings instead' } })
        .example('$0 config schema > doin.schema.json', 'For editors') as unknown as Argv<SchemaArguments>,
    handler({ markdown }) {
      io.stdout.write(markdown ? configReference() : `${JSON.stringify(schemaTree, null, 2)}\n`);
    },
  };
}

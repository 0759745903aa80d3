/** `doin sync-postgres`: copies a node's statistics into PostgreSQL, beside the running node. */
import type { Argv, CommandModule } from 'yargs';
import { loadConfig } from '../../config/load.js';
import { usageError } from './exit.js';
import { printable } from './format.js';
import type { CliIo, CliModules } from './node-port.js';
import { jsonOption, parseInteger } from './options.js';
import { counterOn } from './progress.js';
import { untilInterrupted } from './signals.js';

interface SyncArguments {
  readonly url?: string | undefined;
  readonly schema: string;
  readonly every?: string | undefined;
  readonly config?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly json: boolean;
}

export function syncPostgresCommand(
  modules: Pick<CliModules, 'syncPostgres'>,
  io: CliIo,
): CommandModule<object, SyncArguments> {
  return {
    command: 'sync-postgres',
    describe: "Copy a node's statistics into PostgreSQL, only what is new",
    builder: (yargs) =>
      yargs
        .options({
          url: {
            type: 'string',
            requiresArg: true,
            describe: 'Where PostgreSQL is; without it the variables PGHOST, PGUSER, PGPASSWORD... of libpq',
          },
          schema: { type: 'string', requiresArg: true, default: 'doin', describe: 'Schema that holds the tables' },
          every: { type: 'string', requiresArg: true, describe: 'Go on, with so many seconds between two copies' },
          config: { type: 'string', requiresArg: true, alias: 'c', describe: 'Config file of the node' },
          'data-dir': { type: 'string', requiresArg: true, describe: 'Data folder of the node' },
          json: jsonOption,
        })
        .example('$0 sync-postgres --url postgresql://doin@127.0.0.1/doin', 'Copy what is new, once')
        .example(
          '$0 sync-postgres --every 10',
          'Every ten seconds, to where PGHOST and its like say',
        ) as unknown as Argv<SyncArguments>,
    handler: (options) => run(options, modules, io),
  };
}

async function run(options: SyncArguments, modules: Pick<CliModules, 'syncPostgres'>, io: CliIo): Promise<void> {
  const { schema, json } = options;
  // It becomes part of SQL, where a name cannot be a parameter.
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw usageError(
      'schema',
      schema,
      'is no plain name; use lower-case letters, digits and _, for example --schema doin',
    );
  }
  if (options.url !== undefined && !/^postgres(ql)?:\/\//.test(options.url)) {
    throw usageError(
      'url',
      '...',
      'is not a PostgreSQL address; use for example --url postgresql://user@127.0.0.1:5432/doin',
    );
  }
  const everySeconds = options.every === undefined ? null : parseInteger('every', options.every, 1, 86_400);
  const { config } = loadConfig({
    ...(options.config !== undefined && { file: options.config }),
    environment: io.environment,
    overrides: { data_dir: options.dataDir },
  });
  const say = (line: string, fields: object) =>
    io.stdout.write(`${json ? JSON.stringify({ at: Date.now(), ...fields }) : printable(line)}\n`);
  const onProgress = counterOn(io, json, 'row');
  const stopping = new AbortController();
  const signals = untilInterrupted();
  void signals.interrupted.then(() => stopping.abort());
  try {
    await modules.syncPostgres({
      olapFile: config.olap_db_path,
      url: options.url ?? null,
      schema,
      everySeconds,
      signal: stopping.signal,
      ...(onProgress && { onProgress }),
      onCopied: ({ written, removed }) => {
        if (everySeconds !== null && written + removed === 0) return;
        say(`copied ${written} rows, removed ${removed}`, { event: 'copied', written, removed });
      },
      onTrouble: (message) => {
        say(`will try again: ${message}`, { event: 'trouble', message });
      },
    });
  } finally {
    signals.release();
  }
}

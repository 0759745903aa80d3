/** `doin domain new` and `doin domain test`: for whoever writes a domain. */
import type { CommandModule } from 'yargs';
import { DoinError } from '../errors.js';
import { printable } from './format.js';
import type { CliIo, CliModules } from './node-port.js';
import { jsonOption, parseInteger } from './options.js';

type Modules = Pick<CliModules, 'testDomain' | 'newDomain'>;

export function domainCommand(modules: Modules, io: CliIo): CommandModule {
  return {
    command: 'domain',
    describe: 'Write a domain of your own, and test any domain',
    builder: (yargs) =>
      yargs
        .command(newCommand(modules, io))
        .command(testCommand(modules, io))
        .demandCommand(1, 'Name what to do: `doin domain new my-domain` or `doin domain test my-domain`')
        .example('$0 domain new my-domain', 'Write my-domain/domain.js, which works and passes')
        .example('$0 domain test my-domain', 'Check it: the same bits, bounds, refusals, cancellation')
        .example('$0 domain test examples/exec-python', 'Check a program that its domain.json names')
        .example('$0 domain test rotated-rastrigin', 'Check a built-in one'),
    handler: () => undefined,
  };
}

function newCommand(modules: Modules, io: CliIo): CommandModule<object, { readonly name: string }> {
  return {
    command: 'new <name>',
    describe: 'Write a module that works, to change into your own domain',
    builder: (yargs) => yargs.positional('name', { type: 'string', demandOption: true, describe: 'Its domain id' }),
    async handler({ name }) {
      const file = await modules.newDomain(name);
      const entry = JSON.stringify({ domains: [{ domain_id: name, definition: file }] });
      io.stdout.write(`wrote ${file}\nTest it:  doin domain test ${name}\nSearch:   a config file with ${entry}\n`);
    },
  };
}

interface TestArguments {
  readonly domain: string;
  readonly cancelMs: string;
  readonly json: boolean;
}

function testCommand(modules: Modules, io: CliIo): CommandModule<object, TestArguments> {
  return {
    command: 'test <domain>',
    describe: 'Check a domain by name, or by the file or folder of its definition',
    builder: (yargs) =>
      yargs.positional('domain', { type: 'string', demandOption: true, describe: 'A name, file or folder' }).options({
        'cancel-ms': {
          type: 'string',
          requiresArg: true,
          default: '100',
          describe: 'How long cancelled work may go on',
        },
        json: jsonOption,
      }) as never,
    async handler({ domain, cancelMs, json }) {
      let failed = 0;
      for await (const result of modules.testDomain(domain, parseInteger('cancel-ms', cancelMs, 1, 600_000))) {
        const { title, problem, seconds } = result;
        if (problem !== null) failed += 1;
        const verdict = problem === null ? 'ok  ' : 'FAIL';
        const reason = problem === null ? '' : `\n       ${printable(problem)}`;
        io.stdout.write(
          json ? `${JSON.stringify(result)}\n` : `${verdict} ${title} (${seconds.toFixed(1)} s)${reason}\n`,
        );
      }
      if (failed > 0)
        throw new DoinError({ code: 'domain-failed' }, `${domain} does not pass: ${failed} checks failed`);
    },
  };
}

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../config/load.js';
import { resolveGenesis } from '../../../runtime/node/network.js';
import { loadDefinition, loadOwnDomains } from '../../../runtime/node/own-domains.js';
import { packageRoot } from '../../../runtime/package-info.js';
import { keyOf } from '../../kit/chain.js';

const { publicKey } = keyOf('founder');

async function configOn(...domainIds: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'doin-genesis-'));
  return loadConfig({ overrides: { data_dir: folder, domain_ids: domainIds } }).config;
}

test('a private network has the usual domains, and test functions that are asked for by name', async (t) => {
  const usual = await resolveGenesis(await configOn(), new Map(), publicKey, 1_800_000_000_000);
  t.deepEqual(usual.domains.map(({ domainId }) => domainId).sort(), ['digits', 'quadratic']);
  const more = await resolveGenesis(
    await configOn('rotated-rastrigin', 'digits', 'ackley-3'),
    new Map(),
    publicKey,
    1_800_000_000_000,
  );
  t.deepEqual(
    more.domains.map(({ domainId }) => domainId),
    ['digits', 'quadratic', 'rotated-rastrigin', 'ackley-3'],
  );
  t.deepEqual(more.members[0]?.evaluates, ['ackley-3', 'digits', 'quadratic', 'rotated-rastrigin']);
});

test('a domain that nobody knows is refused with those there are', async (t) => {
  await t.throwsAsync(resolveGenesis(await configOn('chess'), new Map(), publicKey, 1_800_000_000_000), {
    code: 'config-invalid',
    message: /domains\[0\]\.domain_id = "chess".*use one of digits, quadratic/,
  });
});

const definition = join(packageRoot, 'examples/exec-python/domain.json');

async function withDefinition(file: string, network?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'doin-genesis-'));
  const config = join(folder, 'node.json');
  await writeFile(config, JSON.stringify({ domains: [{ domain_id: 'ridge', definition: file }] }));
  return loadConfig({ file: config, overrides: { data_dir: folder, ...(network !== undefined && { network }) } })
    .config;
}

test('a domain of the owner comes into his private network, without the command that runs it', async (t) => {
  const config = await withDefinition(definition);
  const own = await loadOwnDomains(config);
  t.deepEqual(own.get('ridge')?.local.command, ['python3', 'examples/exec-python/ridge.py']);
  const genesis = await resolveGenesis(config, own, publicKey, 1_800_000_000_000);
  t.deepEqual(
    genesis.domains.find(({ domainId }) => domainId === 'ridge'),
    own.get('ridge')?.spec,
  );
  t.notRegex(await readFile(join(config.data_dir, 'genesis.json'), 'utf8'), /command|python/);
});

test('a definition must say what the network that it joins says', async (t) => {
  const founded = await withDefinition(definition);
  await resolveGenesis(founded, await loadOwnDomains(founded), publicKey, 1_800_000_000_000);
  const network = join(founded.data_dir, 'genesis.json');
  const same = await withDefinition(definition, network);
  await t.notThrowsAsync(resolveGenesis(same, await loadOwnDomains(same), publicKey, 0));

  const changed = join(founded.data_dir, 'changed.json');
  await writeFile(changed, (await readFile(definition, 'utf8')).replace('"maximize"', '"minimize"'));
  const other = await withDefinition(changed, network);
  await t.throwsAsync(resolveGenesis(other, await loadOwnDomains(other), publicKey, 0), {
    message: /domains\[0\]\.definition: defines "ridge" otherwise than network/,
  });
});

test('the name in the config must be the one in the definition', async (t) => {
  const config = await withDefinition(definition);
  const renamed = { ...config, domains: config.domains.map((domain) => ({ ...domain, domain_id: 'other' })) };
  await t.throwsAsync(loadOwnDomains(renamed), { message: /domains\[0\]\.domain_id = "other".*defines "ridge"/ });
});

test('a program without its command, or a command without a program, is refused', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'doin-genesis-'));
  const file = join(folder, 'domain.json');
  const { command: _, ...rest } = JSON.parse(await readFile(definition, 'utf8'));
  for (const wrong of [rest, { ...rest, module: 'digits', command: ['true'] }]) {
    await writeFile(file, JSON.stringify(wrong));
    await t.throwsAsync(loadDefinition(file), { code: 'domain-file-invalid', message: /command: belongs to domains/ });
  }
});

test('a domain that the network does not have may wait for its members, if its owner defines it', async (t) => {
  const founded = await configOn();
  await resolveGenesis(founded, new Map(), publicKey, 1_800_000_000_000);
  const at = (definition: string, id = 'sphere') => {
    const file = join(founded.data_dir, 'node.json');
    return writeFile(file, JSON.stringify({ domains: [{ domain_id: id, definition }] })).then(
      () => loadConfig({ file, overrides: { data_dir: founded.data_dir } }).config,
    );
  };
  const config = await at('built-in');
  const own = await loadOwnDomains(config);
  t.is(own.get('sphere')?.spec.module, 'functions');
  const genesis = await resolveGenesis(config, own, publicKey, 0);
  t.deepEqual(genesis.domains.map(({ domainId }) => domainId).sort(), ['digits', 'quadratic']);
  await t.throwsAsync(loadOwnDomains(await at('built-in', 'chess')), {
    message: /no domain "chess" comes with the program/,
  });
});

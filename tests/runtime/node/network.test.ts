import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../config/load.js';
import { resolveGenesis } from '../../../runtime/node/network.js';
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

/** Settings from the environment, and the page that lists them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { variableOf } from '../../config/environment.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { PRESETS } from '../../config/presets.js';
import { configReference } from '../../config/reference.js';
import { fieldsOf } from '../../config/schema-tree.js';
import { packageRoot } from '../../runtime/package-info.js';

function load(environment: Record<string, string>, overrides = {}): LoadedConfig {
  return loadConfig({ environment, overrides });
}

test('values are taken as their field wants them', (t) => {
  const { config, warnings } = load({
    DOIN_PORT: '8480',
    DOIN_NODE_LABEL: '42',
    DOIN_P2P__MDNS: 'false',
    DOIN_WORKERS__THREADS: '3',
    DOIN_TRACE: 'chain,gossip',
    DOIN_DOMAINS: '[{"domain_id":"quadratic"}]',
    DOIN_PLACEMENT: '{"all":["chain","gossip"]}',
    PATH: '/bin',
  });
  t.is(config.port, 8480);
  t.is(config.node_label, '42', 'a text stays one');
  t.false(config.p2p.mdns);
  t.is(config.p2p.listen.length, 2, 'its neighbours keep their defaults');
  t.is(config.workers.threads, 3);
  t.is(config.workers.nice_increment, 10);
  t.deepEqual(config.trace, ['chain', 'gossip']);
  t.deepEqual(
    config.domains.map(({ domain_id }) => domain_id),
    ['quadratic'],
  );
  t.deepEqual(config.placement, { all: ['chain', 'gossip'] });
  t.deepEqual(warnings, []);
});

test('the command line wins over the environment', (t) => {
  t.is(load({ DOIN_PORT: '8480' }, { port: 8490 }).config.port, 8490);
  const listen = ['/ip4/0.0.0.0/tcp/1'];
  const { p2p } = load({ DOIN_P2P__MDNS: 'false' }, { p2p: { listen } }).config;
  t.like(p2p, { listen, mdns: false });
});

test('a wrong value is refused with the name of its variable', (t) => {
  t.throws(() => load({ DOIN_PORT: 'abc' }), { message: /port = "abc": .*\(set by DOIN_PORT\)/ });
  t.throws(() => load({ DOIN_DOMAINS: '[{"domain_id":""}]' }), { message: /domains\[0\].*\(set by DOIN_DOMAINS\)/ });
  t.throws(() => load({ DOIN_PORT: '1' }, { role: 'boss' }), { message: /role = "boss"(?!.*set by)/ });
});

test('a variable that is no setting is a warning that names the nearest', (t) => {
  t.deepEqual(load({ DOIN_PROT: '1' }).warnings, ['DOIN_PROT is no setting; did you mean DOIN_PORT?']);
});

test('no two settings share a variable', (t) => {
  const variables = fieldsOf()
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => variableOf(path));
  t.is(new Set(variables).size, variables.length);
});

test('every preset is a valid config', (t) => {
  for (const preset of Object.values(PRESETS)) t.notThrows(() => loadConfig({ overrides: preset }));
});

test('docs/configuration.md is what the schema says: doin config schema --markdown > docs/configuration.md', (t) => {
  t.is(readFileSync(join(packageRoot, 'docs/configuration.md'), 'utf8'), configReference());
});

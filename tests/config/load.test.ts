import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'ava';
import { type ConfigOverrides, loadConfig } from '../../config/load.js';
import { DoinError } from '../../runtime/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'doin-config-'));
let files = 0;

function fileWith(content: unknown): string {
  files += 1;
  const file = join(folder, `${files}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function problemsOf(content: unknown, overrides: ConfigOverrides = {}): string[] {
  try {
    loadConfig({ file: fileWith(content), overrides });
  } catch (error) {
    if (error instanceof DoinError && error.code === 'config-invalid') return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

test('no file at all gives a solo node on digits with absolute paths', (t) => {
  const { config, warnings } = loadConfig();
  t.deepEqual(warnings, []);
  t.is(config.network, 'solo');
  t.is(config.port, 8470);
  t.is(config.host, '127.0.0.1');
  t.is(config.data_dir, resolve('doin-data'));
  t.is(config.olap_db_path, resolve('doin-data/olap.db'));
  t.is(config.workers.threads, availableParallelism());
  t.deepEqual(
    config.domains.map(({ domain_id, optimize, evaluate }) => ({ domain_id, optimize, evaluate })),
    [{ domain_id: 'digits', optimize: true, evaluate: true }],
  );
});

test('a problem names the field, the value and the fix', (t) => {
  t.deepEqual(problemsOf({ port: 99_999 }), [
    '  port = 99999: is too large; use a whole number from 0 to 65535 (default 8470)',
  ]);
  t.deepEqual(problemsOf({ port: '8470' }), [
    '  port = "8470": is not a finite number; use a whole number from 0 to 65535 (default 8470)',
  ]);
  t.deepEqual(problemsOf({ domains: [{ domain_id: 'digits', optimization_config: { max_epochs: 1.5 } }] }), [
    '  domains[0].optimization_config.max_epochs = 1.5: is not a whole number; use a whole number from 1 to 5000 (default 30)',
  ]);
});

test('all problems are reported at once', (t) => {
  t.is(problemsOf({ port: -1, role: 'boss', trace: ['chian'] }).length, 3);
});

test('an unknown field gets the nearest known one, at every level', (t) => {
  t.regex(problemsOf({ boostrap_peers: [] })[0]!, /boostrap_peers = \[\]: .*did you mean "bootstrap_peers"\?/);
  t.regex(problemsOf({ 'data-dir': 'x' })[0]!, /did you mean "data_dir"\?/);
  t.regex(problemsOf({ p2p: { mdsn: true } })[0]!, /p2p\.mdsn = true: .*did you mean "mdns"\?/);
  t.regex(problemsOf({ zzzzzz: 1 })[0]!, /zzzzzz = 1: .*known fields: node_label/);
});

test('numbers that are not finite are refused wherever they come from', (t) => {
  t.regex(problemsOf({}, { port: Number.NaN })[0]!, /port = NaN: is not a finite number/);
  const domain = (text: string) => `{"domains":[{"domain_id":"digits","target_performance":${text}}]}`;
  t.regex(problemsOf(domain('1e999'))[0]!, /target_performance = Infinity: is not a finite number/);
  t.regex(problemsOf(domain('NaN'))[0]!, /--config = .*is not valid JSON.*NaN, Infinity/);
});

test('a missing or broken file is named', (t) => {
  const error = t.throws(() => loadConfig({ file: join(folder, 'absent.json') }), { instanceOf: DoinError });
  t.regex(error.message, /absent\.json.*cannot be read.*name an existing JSON file/);
  t.regex(problemsOf('[]')[0]!, /is not a JSON object/);
});

test('an upstream config starts, with a warning for each field that has no effect here', (t) => {
  const { config, warnings } = loadConfig({
    file: fileWith({
      host: '0.0.0.0',
      port: 8471,
      data_dir: './doin-data',
      bootstrap_peers: [],
      network_protocol: 'flooding',
      initial_threshold: -1e9,
      quorum_min_evaluators: 1,
      fee_market_enabled: false,
      domains: [
        {
          domain_id: 'quadratic',
          optimize: true,
          evaluate: false,
          optimization_plugin: 'simple_quadratic',
          optimization_config: { n_params: 10, step_size: 0.5, early_patience: 7 },
          has_synthetic_data: true,
          higher_is_better: true,
          target_performance: -1,
        },
      ],
    }),
  });
  t.is(config.port, 8471);
  t.is(config.domains[0]!.domain_id, 'quadratic');
  t.is(config.domains[0]!.optimization_config.early_patience, 7);
  t.is(config.domains[0]!.target_performance, -1);
  const named = warnings.map((warning) => warning.split(' = ')[0]);
  t.deepEqual(named, [
    'network_protocol',
    'initial_threshold',
    'quorum_min_evaluators',
    'fee_market_enabled',
    'domains[0].optimization_plugin',
    'domains[0].has_synthetic_data',
    'domains[0].higher_is_better',
    'domains[0].optimization_config.n_params',
    'domains[0].optimization_config.step_size',
  ]);
  t.regex(warnings[4]!, /"simple_quadratic".*domains\[\]\.optimizer/);
});

test("upstream's host:port peers are refused with the multiaddr to use instead", (t) => {
  const [ip, name] = problemsOf({ bootstrap_peers: ['192.168.1.10:8470', 'dragon:8470'] });
  t.regex(ip!, /bootstrap_peers\[0\] = "192\.168\.1\.10:8470": is host:port.*\/ip4\/192\.168\.1\.10\/tcp\//);
  t.regex(name!, /\/dns4\/dragon\/tcp\//);
});

test('naming one side of a domain means that side alone', (t) => {
  const sides = (entry: object) => {
    const { config } = loadConfig({ file: fileWith({ domains: [{ domain_id: 'digits', ...entry }] }) });
    return [config.domains[0]!.optimize, config.domains[0]!.evaluate];
  };
  t.deepEqual(sides({}), [true, true]);
  t.deepEqual(sides({ optimize: true }), [true, false]);
  t.deepEqual(sides({ evaluate: true }), [false, true]);
  t.deepEqual(sides({ optimize: true, evaluate: true }), [true, true]);
});

test('the role switches sides off in every domain', (t) => {
  const sides = (role: string) => {
    const { config } = loadConfig({ overrides: { role } });
    return [config.domains[0]!.optimize, config.domains[0]!.evaluate];
  };
  t.deepEqual(sides('optimizer'), [true, false]);
  t.deepEqual(sides('evaluator'), [false, true]);
  t.deepEqual(sides('relay'), [false, false]);
});

test('fields that contradict each other are refused', (t) => {
  const optimizeOnly = { role: 'evaluator', domains: [{ domain_id: 'digits', optimize: true }] };
  t.regex(problemsOf(optimizeOnly)[0]!, /role = "evaluator": no domain is evaluated; set "evaluate": true/);
  const twice = { domains: [{ domain_id: 'digits' }, { domain_id: 'digits' }] };
  t.regex(problemsOf(twice)[0]!, /domains\[1\]\.domain_id = "digits": is listed twice/);
  t.regex(problemsOf({ placement: { a: ['chain'], b: ['chain'] } })[0]!, /placement\.b\[0\] = "chain".*thread "a"/);
  t.regex(
    problemsOf({ placement: { main: ['chain'] } })[0]!,
    /placement\.main.*supervises all others; choose another name/,
  );
});

test('overrides win over the file, and naming a domain keeps its settings', (t) => {
  const file = fileWith({
    port: 1000,
    p2p: { mdns: false },
    domains: [{ domain_id: 'digits', optimizer: 'random' }, { domain_id: 'quadratic' }],
  });
  const overrides = { port: 2000, p2p: { listen: ['/ip4/127.0.0.1/tcp/0'] }, domain_ids: ['digits', 'other'] };
  const { config } = loadConfig({ file, overrides });
  t.is(config.port, 2000);
  t.like(config.p2p, { mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] });
  t.deepEqual(
    config.domains.map(({ domain_id, optimizer }) => [domain_id, optimizer]),
    [
      ['digits', 'random'],
      ['other', 'auto'],
    ],
  );
});

test('an Ethereum ledger names its key to publish, or the account whose anchors it compares with', (t) => {
  const ledger = { ledger: 'ethereum', rpc_url: 'http://127.0.0.1:8545' };
  t.regex(
    problemsOf({ anchors: [ledger] })[0]!,
    /anchors\[0\]\.private_key_file = "": is needed to publish; .*"publish": false/,
  );
  t.regex(
    problemsOf({ anchors: [{ ...ledger, publish: false }] })[0]!,
    /anchors\[0\]\.address = "": is needed without/,
  );
  t.regex(problemsOf({ anchors: [{ ...ledger, rpc_url: 'ftp://x' }] })[0]!, /anchors\[0\]\.rpc_url = "ftp:\/\/x"/);
  t.deepEqual(problemsOf({ anchors: [{ ...ledger, publish: false, address: `0x${'aB'.repeat(20)}` }] }), []);
  const { config } = loadConfig({ file: fileWith({ anchors: [{ ...ledger, private_key_file: 'key' }] }) });
  t.like(config.anchors[0], { private_key_file: resolve('key'), publish: true });
});

test('a checkpoint is a height and a hash', (t) => {
  t.deepEqual(problemsOf({ checkpoint: `12:${'ab'.repeat(32)}` }), []);
  t.regex(
    problemsOf({ checkpoint: '12:abc' })[0]!,
    /checkpoint = "12:abc": is no height and hash; use height:hash of a block/,
  );
  t.is(loadConfig({ overrides: { snapshot: 'state.snap' } }).config.snapshot, resolve('state.snap'));
});

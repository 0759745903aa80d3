import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DEFAULT_PARAMETERS, type Genesis, genesisHash } from '../../actors/chain/genesis.js';
import { readGenesis, writeGenesis } from '../../config/network.js';
import { isDoinError } from '../../runtime/errors.js';
import { builtInDomains } from '../../runtime/node/domains.js';
import { keyOf } from '../kit/chain.js';

const genesis: Genesis = {
  chainId: 'test-1',
  timestampMs: 1_800_000_000_000,
  solo: false,
  parameters: DEFAULT_PARAMETERS,
  domains: builtInDomains,
  members: ['anna', 'ben'].map((name) => ({
    nodeId: keyOf(name).publicKey,
    reputationMicro: 10_000_000,
    evaluates: ['digits'],
  })),
};

const newFile = async () => join(await mkdtemp(join(tmpdir(), 'doin-network-')), 'network.json');

test('a network file holds the whole genesis, under the same hash', async (t) => {
  const file = await newFile();
  await writeGenesis(file, genesis);
  const read = await readGenesis(file);
  t.deepEqual(read, genesis);
  t.is(genesisHash(read), genesisHash(genesis));
  const text = await readFile(file, 'utf8');
  t.regex(text, /"12D3Koo/, 'members are named by their PeerId');
  t.notRegex(text, /"[a-z_0-9]*[A-Z]\w*":/, 'every key is in snake case');
});

// biome-ignore lint/suspicious/noExplicitAny: a file being broken on purpose
type File = any;

/** What is wrong with the file, how it became so, and what the message must say. */
const mistakes: readonly (readonly [string, (file: File) => void, RegExp])[] = [
  ['no minimum reputation', (f) => (f.parameters.reputation.minimum_micro = 0), /minimum_micro: must be at least 1/],
  [
    'more ranks than a byte counts',
    (f) => Object.assign(f.parameters, { slot_ms: 5_000, rank_delay_ms: 19 }),
    /rank_delay_ms: lets 264 ranks fit into a slot of 5000 ms; use one that lets 256 at most/,
  ],
  ['a logarithm from 0', (f) => (f.domains[0].space[0].low = 0), /domains\.0\.space\.0\.log: needs a low above 0/],
  ['an empty range', (f) => (f.domains[0].space[1].low = 3), /domains\.0\.space\.1\.low: is above high/],
  ['a member twice', (f) => (f.members[1].node_id = f.members[0].node_id), /members\.1\.node_id: is listed twice/],
  ['a domain twice', (f) => (f.domains[1] = f.domains[0]), /domains: lists a domain twice/],
  ['a domain id in Greek', (f) => (f.domains[1].domain_id = 'ψηφία'), /domain_id: use only a-z, 0-9/],
  ['a domain id in capitals', (f) => (f.domains[1].domain_id = 'Digits'), /domain_id: use only a-z, 0-9/],
  ['an empty domain id', (f) => (f.domains[1].domain_id = ''), /domain_id: use only a-z, 0-9/],
  [
    'an increment scale that makes work of noise',
    (f) => (f.domains[0].increment_scale_nano = 999_999),
    /increment_scale_nano: must be at least 1000000/,
  ],
  [
    'a statistical domain of full weight',
    (f) => (f.domains[0].verification = 'statistical'),
    /domains\.0\.weight_nano: must be at most 500000000/,
  ],
  ['an exact program', (f) => (f.domains[0].module = 'exec'), /domains\.0\.verification: must be "statistical"/],
  ['an unknown domain', (f) => (f.members[0].evaluates = ['chess']), /names the unknown domain "chess"/],
  ['an id that is none', (f) => (f.members[0].node_id = 'anna'), /members\.0\.node_id: is not a node id/],
  ['a float', (f) => (f.parameters.slot_ms = 1000.5), /parameters\.slot_ms: .*int/],
  ['a number beyond 2^53', (f) => (f.parameters.supply_cap_units = 2 ** 53), /supply_cap_units: /],
  ['an unknown key', (f) => (f.parameters.slot_s = 1), /parameters\.slot_s: is not a known key; remove it/],
  [
    'a key in camel case',
    (f) => (f.parameters.slotMs = 1),
    /parameters\.slotMs: is not a known key; keys are in snake_/,
  ],
  ['a key that lacks', (f) => delete f.solo, /solo: /],
];
for (const [what, spoil, says] of mistakes) {
  test(`a network file with ${what} is refused with the field's name`, async (t) => {
    const file = await newFile();
    await writeGenesis(file, genesis);
    const content: File = JSON.parse(await readFile(file, 'utf8'));
    spoil(content);
    await writeFile(file, JSON.stringify(content));
    const error = await t.throwsAsync(readGenesis(file));
    t.true(isDoinError(error, 'network-file-invalid'), String(error));
    t.regex(error!.message, says);
  });
}

test('256 ranks are not too many', async (t) => {
  const file = await newFile();
  const parameters = { ...DEFAULT_PARAMETERS, slotMs: 256, rankDelayMs: 1 };
  await writeGenesis(file, { ...genesis, parameters });
  t.deepEqual((await readGenesis(file)).parameters, parameters);
});

/**
 * The storing half of a node in a process of its own, to be killed: imports the steps of a script, tells on stdout what
 * it is about to do and what is done, and does everything again after a restart. Lines are written at once, so the last
 * one a killer read is what he interrupted.
 */
import { readFileSync, writeSync } from 'node:fs';
import { Blockchain } from '../../actors/chain/blockchain.js';
import { genesisHash } from '../../actors/chain/genesis.js';
import { Housekeeping } from '../../actors/chain/housekeeping.js';
import { Intake } from '../../actors/chain/intake.js';
import { Mempool } from '../../actors/chain/mempool.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { RememberingVerifier, trustingVerifier } from '../../actors/chain/verifier.js';
import { makeGenesis } from './chain.js';

export interface CrashScript {
  readonly members: readonly string[];
  readonly steps: readonly { readonly kind: 'import' | 'reorg'; readonly blocks: readonly string[] }[];
}

const [database = '', scriptFile = '', keep = ''] = process.argv.slice(2);
const say = (...words: readonly string[]) => writeSync(1, `${words.join(' ')}\n`);

const script: CrashScript = JSON.parse(readFileSync(scriptFile, 'utf8'));
const genesis = makeGenesis(script.members);
say('recovering');
const store = await SqliteBlockStore.open(database, genesisHash(genesis));
const chain = await Blockchain.open(genesis, store, trustingVerifier);
const head = () => [chain.head.hash, chain.head.state.root()];
say('ready', ...head());
const intake = new Intake(
  {
    chain,
    mempool: new Mempool(),
    verifier: new RememberingVerifier(trustingVerifier),
    pool: null,
    now: () => Number.MAX_SAFE_INTEGER / 2,
  },
  { offenceSeen: () => undefined, pooled: () => undefined, headMoved: () => undefined },
);
const keepBlocks = keep === '' ? null : Number(keep);
const housekeeping = new Housekeeping(chain, store, { keepBlocks, snapshotInterval: 10 });
for (const { kind, blocks } of script.steps) {
  say(kind);
  await intake.receiveBlocks(blocks.map((hex) => Buffer.from(hex, 'hex')));
  say('acknowledged', ...head());
  say('snapshot');
  await housekeeping.run();
  say('kept');
}
await store.close();
say('done', ...head());

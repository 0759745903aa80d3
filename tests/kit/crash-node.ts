/**
 * The storing half of a node in a process of its own, to be killed: starts from a snapshot where the script has one,
 * imports its steps, tells on stdout what it is about to do and what is done, and goes on where it was after a restart.
 * Lines are written at once, so the last one a killer read is what he interrupted.
 */
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Blockchain } from '../../actors/chain/blockchain.js';
import { decodeBlock, headerHash } from '../../actors/chain/codec.js';
import { type ChainParameters, genesisHash } from '../../actors/chain/genesis.js';
import { Housekeeping } from '../../actors/chain/housekeeping.js';
import { Intake } from '../../actors/chain/intake.js';
import { Mempool } from '../../actors/chain/mempool.js';
import type { PinnedBlock } from '../../actors/chain/pins.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { RememberingVerifier, trustingVerifier } from '../../actors/chain/verifier.js';
import { joinFromSnapshot } from '../../runtime/node/snapshot/join.js';
import { makeGenesis } from './chain.js';

export interface CrashScript {
  readonly members: readonly string[];
  readonly parameters: Partial<ChainParameters>;
  /** File to start from, and who vouches for its block. */
  readonly snapshot: { readonly file: string; readonly pin: PinnedBlock } | null;
  readonly steps: readonly { readonly kind: 'import' | 'reorg'; readonly blocks: readonly string[] }[];
}

const [folder = '', scriptFile = '', keep = ''] = process.argv.slice(2);
const say = (...words: readonly string[]) => writeSync(1, `${words.join(' ')}\n`);

const script: CrashScript = JSON.parse(readFileSync(scriptFile, 'utf8'));
const { parameters, snapshot } = script;
const genesis = makeGenesis(script.members, { parameters });
say('recovering');
if (snapshot !== null) {
  const words = ['joining', 'joined'].values();
  const config = { data_dir: folder, snapshot: snapshot.file };
  await joinFromSnapshot(config, genesis, [snapshot.pin], () => say(words.next().value ?? ''));
}
const store = await SqliteBlockStore.open(join(folder, 'chain.db'), genesisHash(genesis));
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
  const bytes = blocks.map((hex) => Buffer.from(hex, 'hex'));
  const last = decodeBlock(bytes.at(-1) ?? Buffer.alloc(0));
  if (last.ok && (await chain.has(headerHash(last.value.header)))) continue;
  say(kind);
  await intake.receiveBlocks(bytes);
  say('acknowledged', ...head());
  say('snapshot');
  await housekeeping.run();
  say('kept');
}
await store.close();
say('done', ...head());

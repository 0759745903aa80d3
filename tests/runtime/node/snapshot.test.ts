/** A state in a file: who writes one, who starts from it, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Blockchain } from '../../../actors/chain/blockchain.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import type { PinnedBlock } from '../../../actors/chain/pins.js';
import { FINALITY } from '../../../actors/chain/state/finality.js';
import { takeSnapshot } from '../../../actors/chain/state/snapshot.js';
import { ACCOUNT, EVALUATES, NEW_ACCOUNT } from '../../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import { strictVerifier, trustingVerifier } from '../../../actors/chain/verifier.js';
import { writeGenesis } from '../../../config/network.js';
import { FileLedger } from '../../../runtime/anchors/file-ledger.js';
import { checkSnapshot } from '../../../runtime/node/snapshot/check.js';
import { exportSnapshot } from '../../../runtime/node/snapshot/export.js';
import { writeSnapshotFile } from '../../../runtime/node/snapshot/file.js';
import { checkSnapshotNetwork, joinFromSnapshot, withCheckpoint } from '../../../runtime/node/snapshot/join.js';
import { verifyChain } from '../../../runtime/node/verify.js';
import { attestationsOf, DOMAIN_ID, keyOf, makeGenesis, sign, TestChain } from '../../kit/chain.js';
import { temporaryFolder } from '../../kit/node-process.js';
import { storeChain } from '../../kit/stored-chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const INTERVAL = 5;
const genesis = makeGenesis(MEMBERS, { parameters: { anchorInterval: INTERVAL } });
const name = { chainId: genesis.chainId, genesisHash: genesisHash(genesis) };

function grow(chain: TestChain, count: number, attesting = ['ada', 'bob', 'cid']): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf('dan').publicKey) ?? []).length > 0;
    const body = { type: 'register-evaluator', stamp: 0, domains: registered ? [] : [DOMAIN_ID] } as const;
    chain.add([...attestationsOf(chain, attesting), sign(genesis, 'dan', chain.nextNonce('dan'), body)]);
  }
  return chain;
}
const source = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 30);
const { finalized: FINAL } = source.tip.state.require(FINALITY);
const finalRoot = source.blocks[FINAL.height - 1]!.header.stateRoot;

/** The data folder of a node that has this chain. */
async function folderOf(t: ExecutionContext, chain: TestChain): Promise<string> {
  const dataDir = temporaryFolder(t);
  await storeChain(dataDir, chain);
  return dataDir;
}

async function exported(t: ExecutionContext, anchored = false) {
  const dataDir = await folderOf(t, source);
  const file = join(dataDir, 'state.snap');
  return { dataDir, file, report: await exportSnapshot({ dataDir, file, anchored }) };
}

/** As `doin start` does it, in an empty folder or the one given. */
async function joined(t: ExecutionContext, file: string, pins: readonly PinnedBlock[], dataDir = temporaryFolder(t)) {
  await writeGenesis(join(dataDir, 'genesis.json'), genesis);
  const config = { data_dir: dataDir, snapshot: file };
  await checkSnapshotNetwork(config, genesis);
  await joinFromSnapshot(config, genesis, pins, () => undefined);
  return dataDir;
}

async function withChain<T>(dataDir: string, work: (chain: Blockchain) => Promise<T>): Promise<T> {
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(genesis));
  try {
    return await work(await Blockchain.open(genesis, store, strictVerifier));
  } finally {
    await store.close();
  }
}

const codeOf = async (t: ExecutionContext, work: Promise<unknown>) => {
  const error = (await t.throwsAsync(work)) as { code?: string; message: string };
  return { code: error.code, message: error.message };
};
const checkpoint: PinnedBlock = { ...FINAL, ledger: 'checkpoint' };

test('a node that starts from the file has the root of one that replayed everything, and follows the chain', async (t) => {
  const { file, report } = await exported(t);
  t.like(report, { chainId: 'test', ...FINAL, stateRoot: finalRoot });
  t.is(report.sizeBytes, readFileSync(file).length);
  const dataDir = await joined(t, file, [checkpoint]);
  await withChain(dataDir, async (chain) => {
    t.is(chain.head.hash, FINAL.hash);
    t.is(chain.head.state.root(), source.history[FINAL.height - 1]!.state.root());
    const { outcomes } = await chain.importAll(source.blocks.slice(FINAL.height));
    t.true(outcomes.every(({ kind }) => kind === 'imported'));
    t.is(chain.head.state.root(), source.tip.state.root());
  });
  await joined(t, file, [checkpoint], dataDir);
  await withChain(dataDir, async (chain) => t.is(chain.head.hash, source.tip.hash, 'the same start again: goes on'));
  const verified = await verifyChain({ dataDir });
  t.true(verified.ok, verified.problem ?? '');
  t.is(verified.height, source.blocks.length);
  const again = join(dataDir, 'again.snap');
  t.like(await exportSnapshot({ dataDir, file: again, anchored: false }), { ...FINAL, stateRoot: finalRoot });
  t.deepEqual(readFileSync(again), readFileSync(file), 'what was joined from can be given on');
});

test('an anchored state is vouched for by the ledger that has its block', async (t) => {
  const { file, report } = await exported(t, true);
  t.is(report.height, FINAL.height - (FINAL.height % INTERVAL));
  const path = join(temporaryFolder(t), 'anchors.log');
  const { hash, stateRoot, height } = report;
  await new FileLedger(path, name).write({ ...name, height, hash, stateRoot });
  const anchors = [{ ledger: 'file', path, publish: false } as const];
  const check = await checkSnapshot({ file, checkpoint: '', anchors });
  t.true(check.ok, check.problem ?? '');
  t.deepEqual(check.vouching, [`file ${path}`]);
  const dataDir = await joined(t, file, withCheckpoint({ checkpoint: '' }, [{ height, hash, ledger: 'file' }]));
  await withChain(dataDir, async (chain) => t.is(chain.head.state.root(), stateRoot));
  const other = await checkSnapshot({ file, checkpoint: `${height}:${'ab'.repeat(32)}`, anchors });
  t.false(other.ok);
  const none = await checkSnapshot({ file, checkpoint: `${height - 1}:${'ab'.repeat(32)}` });
  t.regex(none.problem ?? '', /nobody asked has block/);
  t.like(await checkSnapshot({ file, checkpoint: '' }), { ok: true, vouching: [] });
});

test('nobody is believed who is not vouched for: the message has the field, the block and the fix', async (t) => {
  const { file } = await exported(t);
  const alone = await codeOf(t, joined(t, file, []));
  t.is(alone.code, 'snapshot-untrusted');
  for (const part of ['snapshot = ', file, `--checkpoint ${FINAL.height}:${FINAL.hash}`, '(anchors)']) {
    t.true(alone.message.includes(part), alone.message);
  }
  const liar = { ...checkpoint, hash: 'ab'.repeat(32) };
  const wrong = await codeOf(t, joined(t, file, [liar]));
  t.is(wrong.code, 'snapshot-untrusted');
  t.regex(wrong.message, /but checkpoint says (ab){32}; .*correct --checkpoint/);
  const elsewhere = await codeOf(t, joined(t, file, [{ ...checkpoint, height: FINAL.height + 1 }]));
  t.is(elsewhere.code, 'snapshot-untrusted');
  const contradiction = { instanceOf: Error, message: /checkpoint = .*ledger x says (ab){32} of block/ };
  const anchor = { ...liar, ledger: 'ledger x' };
  t.throws(() => withCheckpoint({ checkpoint: `${FINAL.height}:${FINAL.hash}` }, [anchor]), contradiction);
  t.deepEqual(withCheckpoint({ checkpoint: `${FINAL.height}:${FINAL.hash}` }, []), [checkpoint]);
});

test('a file of another chain, a damaged or a cut one is refused, and the folder stays as new', async (t) => {
  const { file, dataDir: node } = await exported(t);
  const whole = readFileSync(file);
  const dataDir = temporaryFolder(t);
  const damaged = async (bytes: Uint8Array) => {
    const path = join(node, 'damaged.snap');
    writeFileSync(path, bytes);
    return codeOf(t, joined(t, path, [checkpoint], dataDir));
  };
  for (const at of [whole.length - 1, whole.length - 200, Math.trunc(whole.length / 2), 600, 22, 17, 3]) {
    t.not((await damaged(whole.with(at, whole[at]! ^ 1))).code, undefined, `byte ${at}`);
    t.is((await damaged(whole.subarray(0, at))).code, 'snapshot-file-invalid', `cut at ${at}`);
  }
  t.regex((await damaged(Buffer.concat([whole, whole.subarray(0, 1)]))).message, /follows its last chunk/);
  t.regex((await damaged(Buffer.from('{}'))).message, /is no snapshot; name a file that `doin snapshot export` wrote/);
  t.regex((await codeOf(t, joined(t, join(node, 'none'), [checkpoint], dataDir))).message, /cannot be read/);
  const other = makeGenesis(MEMBERS, { chainId: 'other' });
  const foreign = await codeOf(t, checkSnapshotNetwork({ snapshot: file }, other));
  t.is(foreign.code, 'wrong-network');
  t.regex(foreign.message, /is of network "test" .* this node of "other" .*\(network\)/);
  await joined(t, file, [checkpoint], dataDir);
  await withChain(dataDir, async (chain) => t.is(chain.head.hash, FINAL.hash, 'the right file starts it'));
});

test('a folder that has blocks is not thrown over', async (t) => {
  const { file } = await exported(t);
  const short = await folderOf(t, source.until(3));
  const { code, message } = await codeOf(t, joined(t, file, [checkpoint], short));
  t.is(code, 'store-not-empty');
  t.regex(message, /another data_dir or leave --snapshot away/);
  await withChain(short, async (chain) => t.is(chain.head.hash, source.history[2]!.hash));
});

test('nothing is written where nothing is final, and no file is overwritten', async (t) => {
  const silent = await folderOf(t, grow(new TestChain(genesis, MEMBERS, trustingVerifier), 20, []));
  const file = join(silent, 'state.snap');
  const none = await codeOf(t, exportSnapshot({ dataDir: silent, file, anchored: false }));
  t.is(none.code, 'nothing-final');
  t.regex(none.message, /--data-dir = .*no block of its chain is final yet; let the node run on/);
  t.throws(() => readFileSync(file), { code: 'ENOENT' });
  const dataDir = await folderOf(t, source);
  writeFileSync(file, 'mine');
  t.regex((await codeOf(t, exportSnapshot({ dataDir, file, anchored: false }))).message, /is there already/);
  t.is(readFileSync(file, 'utf8'), 'mine');
});

test('coins out of nothing are found in a file and in the folder that was started from it', async (t) => {
  const ada = keyOf('ada').publicKey;
  const write = async (chain: TestChain, file: string) => {
    const { header } = grow(chain, 1).blocks.at(-1)!;
    await writeSnapshotFile(file, genesisHash(genesis), takeSnapshot(header, chain.tip.state), () => undefined);
    return { height: header.height, hash: chain.tip.hash, ledger: 'checkpoint' };
  };
  const folder = temporaryFolder(t);
  const minted = join(folder, 'minted.snap');
  await write(source.until(4).fund('ada', 5), minted);
  t.is((await checkSnapshot({ file: minted, checkpoint: '' })).problem, null);
  const forger = source.until(4);
  const state = forger.tip.state.set(ACCOUNT, ada, { ...NEW_ACCOUNT, balanceUnits: 5, nonceHighest: 100 });
  forger.tip = { ...forger.tip, state };
  const forged = join(folder, 'forged.snap');
  const pin = await write(forger, forged);
  t.regex((await checkSnapshot({ file: forged, checkpoint: '' })).problem ?? '', /: 0 units .* minted, and 5 are in/);
  const report = await verifyChain({ dataDir: await joined(t, forged, [pin]) });
  t.false(report.ok);
  t.regex(report.problem ?? '', /height 5: 0 units of coin were minted, and 5 are in accounts, locked or burned/);
});

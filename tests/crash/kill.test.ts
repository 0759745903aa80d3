/**
 * kill -9 at random instants of importing, switching branches, taking snapshots and pruning, of starting from a snapshot,
 * and of recovering from the kill before. 25 kills; `DOIN_KILLS=500 npx ava dist/tests/crash/kill.test.js --timeout=30m` for more.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { genesisHash } from '../../actors/chain/genesis.js';
import { replay, startOf } from '../../actors/chain/replay.js';
import { takeSnapshot } from '../../actors/chain/state/snapshot.js';
import { ACCOUNT, EVALUATES, NEW_ACCOUNT } from '../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { trustingVerifier } from '../../actors/chain/verifier.js';
import { writeSnapshotFile } from '../../runtime/node/snapshot/file.js';
import { SimulationRandom } from '../../runtime/system/simulation/random.js';
import { attestationsOf, blockBytes, DOMAIN_ID, keyOf, makeGenesis, sign, TestChain } from '../kit/chain.js';
import type { CrashScript } from '../kit/crash-node.js';
import { temporaryFolder } from '../kit/node-process.js';

const KILLS = Number(process.env.DOIN_KILLS ?? 25);
const ROUNDS = 15;
const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const NODE = fileURLToPath(new URL('../kit/crash-node.js', import.meta.url));
/** Snapshots are of anchor points. */
const parameters = { anchorInterval: 5 };
const genesis = makeGenesis(MEMBERS, { parameters });

/** With attestations, so that blocks become final and snapshots are due. */
function grow(chain: TestChain, count: number, name: string): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    const registration = sign(genesis, name, chain.nextNonce(name), { type: 'register-evaluator', stamp: 0, domains });
    const others = MEMBERS.filter((member) => member !== name);
    chain.add([...attestationsOf(chain, others), registration]);
  }
  return chain;
}

interface Story {
  readonly script: CrashScript;
  /** What a node that lives has after each step. */
  readonly heads: readonly { readonly hash: string; readonly root: string }[];
}

/** A node that starts from the file of a large state, which takes a while to read and to store. */
async function makeJoiningScript(file: string): Promise<Story> {
  const trunk = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 1, 'dan');
  for (let index = 0; index < 2_000; index += 1) {
    const state = trunk.tip.state.set(ACCOUNT, index.toString(16).padStart(64, '0'), NEW_ACCOUNT);
    trunk.tip = { ...trunk.tip, state };
  }
  grow(trunk, 1, 'dan');
  const { header } = trunk.blocks.at(-1)!;
  await writeSnapshotFile(file, genesisHash(genesis), takeSnapshot(header, trunk.tip.state), () => undefined);
  const pin = { height: header.height, hash: trunk.tip.hash, ledger: 'checkpoint' };
  const { script, heads } = makeScript(trunk);
  return {
    script: { ...script, snapshot: { file, pin } },
    heads: [{ hash: trunk.tip.hash, root: trunk.tip.state.root() }, ...heads],
  };
}

/** Every branch is overtaken by a longer one: half of the steps are switches. */
function makeScript(trunk?: TestChain): Story {
  const steps: CrashScript['steps'][number][] = [];
  const heads: { hash: string; root: string }[] = [];
  let chain = trunk ?? grow(new TestChain(genesis, MEMBERS, trustingVerifier), 1, 'dan');
  const add = (kind: 'import' | 'reorg', source: TestChain, from: number) => {
    const blocks = source.blocks.slice(from).map((block) => Buffer.from(blockBytes(block)).toString('hex'));
    steps.push({ kind, blocks });
    heads.push({ hash: source.tip.hash, root: source.tip.state.root() });
  };
  if (trunk === undefined) add('import', chain, 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = chain.blocks.length;
    const length = 1 + (round % 3);
    add('import', grow(chain.fork(), length, 'ada'), from);
    chain = grow(chain.fork(), length + 1, 'bob');
    add('reorg', chain, from);
  }
  return { script: { members: MEMBERS, parameters, snapshot: null, steps }, heads };
}

interface Life {
  /** What the process was at when it ended. */
  readonly phase: string;
  /** Hash and root after recovery, and after each acknowledgement; null before. */
  readonly recovered: readonly string[] | null;
  readonly acknowledged: readonly (readonly string[])[];
  readonly finished: boolean;
  readonly stderr: string;
}

/** Runs the process until it is done, or is killed this long after it has said so many lines. */
function live(args: readonly string[], kill: { afterLines: number; delayMs: number }): Promise<Life> {
  const child = spawn(process.execPath, [NODE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let phase = 'starting';
  let recovered: readonly string[] | null = null;
  let lines = 0;
  let stderr = '';
  const acknowledged: (readonly string[])[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const reader = createInterface({ input: child.stdout }).on('line', (line) => {
    const [word = '', ...rest] = line.split(' ');
    phase = word;
    lines += 1;
    if (word === 'ready') recovered = rest;
    if (word === 'acknowledged' || word === 'done') acknowledged.push(rest);
    if (lines === kill.afterLines) setTimeout(() => child.kill('SIGKILL'), kill.delayMs);
  });
  return new Promise((resolve) => {
    child.once('close', (code) => {
      reader.close();
      resolve({ phase, recovered, acknowledged, finished: code === 0, stderr });
    });
  });
}

test(`${KILLS} kills lose nothing that was acknowledged, and every life ends in the state of a node that was never killed`, async (t) => {
  t.timeout(60_000 + KILLS * 5_000);
  const folder = temporaryFolder(t);
  const importing = makeScript();
  const kinds = [
    { ...(await makeJoiningScript(join(folder, 'state.snap'))), keep: '' },
    { ...importing, keep: '12' },
    { ...importing, keep: '' },
  ];
  const random = new SimulationRandom(process.env.DOIN_SEED ?? 'kill');
  const hits = new Map<string, number>();
  let nodes = 0;
  for (let kills = 0, chainNumber = 0; kills < KILLS; chainNumber += 1) {
    const { script, heads, keep } = kinds[chainNumber % kinds.length]!;
    const rankOf = new Map(heads.map(({ hash }, rank) => [hash, rank]));
    const rootOf = new Map(heads.map(({ hash, root }) => [hash, root]));
    const scriptFile = join(folder, 'script.json');
    writeFileSync(scriptFile, JSON.stringify(script));
    const dataDir = join(folder, `node-${chainNumber}`);
    mkdirSync(dataDir);
    let safeRank = -1;
    for (let finished = false; !finished; ) {
      const enough = kills >= KILLS;
      // One in three while it recovers: that is line 1 to line 2.
      const early = random.uniform() < 0.33;
      // Most of those that have not started from their snapshot yet die over it.
      const joining = !early && script.snapshot !== null && safeRank < 0 && random.uniform() < 0.9;
      const afterLines = enough ? -1 : early ? 1 : joining ? 2 : 2 + Math.floor(random.uniform() * 30);
      const life = await live([dataDir, scriptFile, keep], {
        afterLines,
        delayMs: random.uniform() * (joining ? 400 : early ? 25 : 6),
      });
      finished = life.finished;
      if (!finished) {
        kills += 1;
        t.is(life.stderr, '');
        hits.set(life.phase, (hits.get(life.phase) ?? 0) + 1);
      }
      for (const [hash = '', root] of life.recovered === null ? [] : [life.recovered, ...life.acknowledged]) {
        const rank = rankOf.get(hash) ?? -1;
        t.true(
          rank >= safeRank,
          `after kill ${kills} (${life.phase}) the head is ${rank}, acknowledged was ${safeRank}`,
        );
        if (rank >= 0) t.is(root, rootOf.get(hash));
        safeRank = rank;
      }
    }
    t.is(safeRank, heads.length - 1);
    nodes += 1;
    if (keep === '') await isWhole(join(dataDir, 'chain.db'), heads.at(-1)!);
    rmSync(dataDir, { recursive: true });
  }
  t.log({ ...Object.fromEntries(hits), nodes });
  if (KILLS >= 100) t.true(nodes >= kinds.length, 'some nodes of each kind were killed');
  for (const phase of ['recovering', 'import', 'reorg', 'snapshot', 'joining']) {
    if (KILLS >= 25) t.true((hits.get(phase) ?? 0) > 0 || (phase !== 'recovering' && KILLS < 100), `none hit ${phase}`);
  }

  async function isWhole(database: string, last: { hash: string; root: string }): Promise<void> {
    const store = await SqliteBlockStore.open(database, genesisHash(genesis), { readOnly: true });
    let end = { hash: '', root: '' };
    const start = (await store.prunedBelow()) > 1 ? await startOf(genesis, store, 'oldest') : undefined;
    for await (const { tip, stored } of replay(genesis, store, trustingVerifier, start)) {
      t.deepEqual(await store.getRecords(stored.hash), tip.records);
      end = { hash: tip.hash, root: tip.state.root() };
    }
    await store.close();
    t.deepEqual(end, last);
  }
});

/**
 * The failures proven in the Python system that concern blocks and chains. Every test runs the attack twice: against the
 * rule, where it must fail, and against what is left without the rule, where it must succeed, so that no check is vacuous.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Blockchain } from '../../actors/chain/blockchain.js';
import {
  headerHash,
  headerSigningBytes,
  transactionCodec,
  transactionId,
  transactionsRoot,
} from '../../actors/chain/codec.js';
import { Execution } from '../../actors/chain/execution.js';
import { isHeavier } from '../../actors/chain/fork-choice.js';
import { genesisHash, genesisState } from '../../actors/chain/genesis.js';
import { MemoryBlockStore } from '../../actors/chain/memory-store.js';
import { settleProof } from '../../actors/chain/proof.js';
import { memberIds } from '../../actors/chain/state/members.js';
import { ACCOUNT, DOMAIN, GLOBALS, REPUTATION, type State } from '../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { applyBlock, checkHeader } from '../../actors/chain/transition.js';
import type { Block, Transaction } from '../../actors/chain/types.js';
import { strictVerifier } from '../../actors/chain/verifier.js';
import { encode } from '../../runtime/codec/canonical.js';
import { merkleRoot } from '../../runtime/crypto/merkle.js';
import { DOMAIN_ID, keyOf, makeReveal, sign, TestChain } from '../kit/chain.js';
import { accepted, CLAIM_NANO, filler, genesis, idle, NAMES } from './kit.js';

function codeOf(chain: TestChain, block: Block): string {
  const verdict = applyBlock(chain.tip, block, genesis, strictVerifier);
  return verdict.ok ? 'accepted' : verdict.code;
}

/** The rightful proposer's block, over a state that he wishes were the result. */
function withWishedState(chain: TestChain, wish: (execution: Execution) => State): { block: Block; state: State } {
  const honest = chain.propose([filler(chain)])!;
  const verdict = applyBlock(chain.tip, honest, genesis, strictVerifier);
  if (!verdict.ok) throw new Error(verdict.code);
  const { height, timestampMs, slot, proposer } = honest.header;
  const { beacon } = verdict.applied.state.require(GLOBALS);
  const state = wish(new Execution(verdict.applied.state, genesis, { height, timestampMs, slot, proposer, beacon }));
  const unsigned = { ...honest.header, stateRoot: state.root() };
  const key = keyOf(chain.names.get(proposer)!);
  return {
    block: { ...honest, header: { ...unsigned, signature: key.sign(headerSigningBytes(unsigned)) } },
    state,
  };
}

const wishes: readonly (readonly [attack: string, wish: (execution: Execution) => State])[] = [
  [
    'an unsolicited champion: a result nobody committed, revealed or measured is written as the best',
    ({ state }) =>
      state.set(DOMAIN, DOMAIN_ID, {
        ...state.require(DOMAIN, DOMAIN_ID),
        bestNano: 0,
        champion: {
          optimum: 'ab'.repeat(32),
          optimizer: keyOf('dan').publicKey,
          genome: [0, 0],
          blob: null,
          height: 1,
        },
      }),
  ],
  [
    'a block below the threshold: the reward is paid although the verified work does not suffice',
    (execution) => {
      const { thresholdNano } = execution.globals();
      execution.updateGlobals({ pendingWorkNano: 1n, thresholdNano: 1n });
      settleProof(execution);
      execution.updateGlobals({ thresholdNano });
      return execution.state;
    },
  ],
  [
    'a wrong threshold: the bar for the next reward is lowered',
    (execution) => {
      execution.updateGlobals({ thresholdNano: 1n });
      return execution.state;
    },
  ],
  [
    'a wrong coinbase: the proposer gives himself coins',
    ({ state, block }) =>
      state.set(ACCOUNT, block.proposer, {
        ...state.require(ACCOUNT, keyOf('dan').publicKey),
        balanceUnits: genesis.parameters.supplyCapUnits,
      }),
  ],
];

for (const [attack, wish] of wishes) {
  test(attack, (t) => {
    const chain = new TestChain(genesis, NAMES);
    const { block, state } = withWishedState(chain, wish);
    t.is(checkHeader(chain.tip, block.header, genesis, strictVerifier), null, 'a node that trusts headers takes it');
    t.is(block.header.stateRoot, state.root());
    t.is(codeOf(chain, block), 'wrong-state-root');
  });
}

test('a payload swapped under the same block hash: identity by header alone does not notice', (t) => {
  const chain = new TestChain(genesis, NAMES);
  const block = chain.propose([filler(chain)])!;
  const stolen = sign(genesis, 'bob', 7, makeReveal(genesis, 'bob', [5, 5], CLAIM_NANO).commit);
  const swapped = { ...block, transactions: [stolen] };
  t.is(headerHash(swapped.header), headerHash(block.header), 'one hash for two contents');
  t.is(codeOf(chain, swapped), 'wrong-transactions-root');
  const reRooted = { ...block.header, transactionsRoot: transactionsRoot([stolen]) };
  t.not(headerHash(reRooted), headerHash(block.header));
  t.is(codeOf(chain, { header: reRooted, transactions: [stolen] }), 'bad-signature');
  const [original] = block.transactions;
  t.not(transactionId({ ...original!, nonce: 8 }), transactionId(original!), 'ids are computed, never taken over');
});

test('a Merkle duplicate leaf: the last transaction twice gives the same root where odd levels repeat it', (t) => {
  const chain = new TestChain(genesis, NAMES);
  const commit = (name: string) => sign(genesis, name, 1, makeReveal(genesis, name, [7, 7], CLAIM_NANO).commit);
  const block = chain.propose([commit('ada'), commit('bob'), commit('cid')])!;
  const doubled = [...block.transactions, block.transactions[2]!];
  const leaves = (list: readonly Transaction[]) => list.map((item) => encode(transactionCodec, item));
  t.is(repeatingRoot(leaves(doubled)), repeatingRoot(leaves(block.transactions)), 'two lists, one root');
  t.not(merkleRoot(leaves(doubled)), merkleRoot(leaves(block.transactions)));
  t.is(codeOf(chain, { ...block, transactions: doubled }), 'wrong-transactions-root');
});

/** Bitcoin's tree (CVE-2012-2459): an odd level repeats its last node. */
function repeatingRoot(leaves: readonly Uint8Array[]): string {
  let level = leaves.map((leaf) => merkleRoot([leaf]));
  while (level.length > 1) {
    const even = level.length % 2 === 0 ? level : [...level, level.at(-1)!];
    level = even.flatMap((left, index) =>
      index % 2 === 0 ? [merkleRoot([Buffer.from(left + even[index + 1]!)])] : [],
    );
  }
  return level[0]!;
}

test('a lighter longer chain: more blocks do not outweigh verified work', async (t) => {
  const heavy = accepted().chain;
  const long = idle(new TestChain(genesis, NAMES), heavy.blocks.length + 3);
  const chain = await Blockchain.open(genesis, MemoryBlockStore.open(genesisHash(genesis)), strictVerifier);
  for (const block of [...heavy.blocks, ...long.blocks]) t.is((await chain.import(block)).kind, 'imported');
  const [ours, theirs] = [heavy, long].map(({ tip }) => chain.weight(tip));
  t.true(theirs!.height > ours!.height, 'by length alone it would win');
  t.true(isHeavier({ ...theirs!, totalWorkNano: ours!.totalWorkNano, accepted: ours!.accepted }, ours!));
  t.is(chain.head.hash, heavy.tip.hash);
});

test('a truncating peer: who announces a better branch and stops in the middle takes nothing away', async (t) => {
  const ours = idle(new TestChain(genesis, NAMES), 8);
  const better = accepted().chain;
  const chain = await Blockchain.open(genesis, MemoryBlockStore.open(genesisHash(genesis)), strictVerifier);
  for (const block of ours.blocks) await chain.import(block);
  const root = chain.head.state.root();
  for (const block of better.blocks.slice(0, -1)) {
    const outcome = await chain.import(block);
    t.deepEqual(outcome, { kind: 'imported', headSwitch: null });
  }
  t.is(genesisState(genesis).require(GLOBALS).height, 0, 'giving up the own branch first would leave nothing');
  t.is(chain.head.state.require(GLOBALS).height, 8);
  t.is(chain.head.state.root(), root);
  await chain.import(better.blocks.at(-1)!);
  t.is(chain.head.hash, better.tip.hash, 'the whole branch is followed');
});

test('state lost on restart: reputation, coins, difficulty and champions come back from the blocks', async (t) => {
  const { chain: source } = accepted();
  const file = join(await mkdtemp(join(tmpdir(), 'doin-restart-')), 'chain.db');
  const open = async () => {
    const store = await SqliteBlockStore.open(file, genesisHash(genesis));
    return { store, chain: await Blockchain.open(genesis, store, strictVerifier) };
  };
  const first = await open();
  for (const block of source.blocks) await first.chain.import(block);
  await first.store.close();
  const second = await open();
  const { state } = second.chain.head;
  t.is(state.root(), source.tip.state.root());
  t.not(state.root(), genesisState(genesis).root(), 'what a node that forgets begins with');
  const ada = keyOf('ada').publicKey;
  t.true(state.require(REPUTATION, ada).scoreMicro > genesisState(genesis).require(REPUTATION, ada).scoreMicro);
  t.true(state.require(ACCOUNT, ada).balanceUnits > 0);
  t.not(state.require(DOMAIN, DOMAIN_ID).champion, null);
  t.true(state.require(GLOBALS).totalWorkNano > 0n);
  t.is(memberIds(state).length, NAMES.length);
  await second.store.close();
});

/** A chain actor driven by hand on a small real chain in which somebody has earned coins. */
import type { ExecutionContext } from 'ava';
import { createChainActor } from '../../actors/chain/actor.js';
import { MemoryBlockStore } from '../../actors/chain/memory-store.js';
import type { AskPort } from '../../runtime/http/port.js';
import { MemoryStateFile } from '../../runtime/storage/state-file.js';
import { blockBytes, keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from './chain.js';
import { TestContext, testEnvelope } from './context.js';

export const MEMBERS = ['ada', 'bob', 'cid', 'dan'];

/** Ada's optimum is accepted in its last block, a proof block: she has the optimizers' part of the mint. */
export function earnedChain(genesis = makeGenesis(MEMBERS)): TestChain {
  const chain = new TestChain(genesis, MEMBERS);
  const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], 0);
  chain.addWithNext([sign(genesis, 'ada', 1, commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  chain.addWithNext(votesOn(chain, records, () => 0));
  return chain;
}

export interface ChainDriver {
  readonly context: TestContext;
  readonly port: AskPort;
  /** Another node's block. */
  receive(chain: TestChain): Promise<void>;
}

/** The actor of the named node on this chain. Its clock stands in the slot of the head, so that it builds nothing. */
export async function chainActorOn(t: ExecutionContext, chain: TestChain, name: string): Promise<ChainDriver> {
  let nowMs = chain.blocks.at(-1)?.header.timestampMs ?? chain.genesis.timestampMs;
  const context = new (class extends TestContext {
    override now(): number {
      return nowMs;
    }
  })('chain');
  const actor = createChainActor({
    openStore: async (_file, hash) => MemoryBlockStore.open(hash),
    openDuties: () => new MemoryStateFile(),
  });
  const { secretSeed } = keyOf(name);
  const options = { databaseFile: '', dutiesFile: '', genesis: chain.genesis, secretSeed };
  const { handlers, stop } = await actor.start(context, options);
  t.teardown(async () => {
    context.dispose();
    await stop?.();
  });
  const receive = async ({ blocks }: TestChain) => {
    nowMs = blocks.at(-1)?.header.timestampMs ?? nowMs;
    for (const block of blocks) {
      await handlers.receiveBlock({ bytes: blockBytes(block), from: 'peer' }, testEnvelope({}));
    }
  };
  await receive(chain);
  const port: AskPort = {
    ask: async (reference, request) => {
      const handler = handlers[reference.kind as 'getStatus'] as unknown as (
        request: unknown,
        envelope: unknown,
      ) => never;
      return handler(request, testEnvelope({}));
    },
  };
  return { context, port, receive };
}

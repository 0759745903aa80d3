import test from 'ava';
import { type BlockApplied, chain } from '../../../actors/chain/messages.js';
import { reputationActor } from '../../../actors/reputation/actor.js';
import { TestContext, testEnvelope } from '../../kit/context.js';

const now = Date.now();

function block(hash: string, height: number, parent: string, afterMicro: number): BlockApplied {
  const records = [{ type: 'REPUTATION', node: 'founder', beforeMicro: 10_000_000, afterMicro } as const];
  return { height, hash, parent, timestampMs: now, proposer: 'p', isProofBlock: false, transactions: 0, records };
}

async function start(blocks: readonly BlockApplied[]) {
  const asked = { applied: 0 };
  const context = new TestContext('reputation')
    .answer(chain.getMembers, () => ({
      members: [{ nodeId: 'founder', reputationMicro: 10_000_000, balanceUnits: 0, evaluates: [] }],
    }))
    .answer(chain.getStatus, () => ({ timestampMs: now }) as never)
    .answer(chain.getApplied, ({ fromHeight }) => {
      asked.applied += 1;
      return { blocks: blocks.filter(({ height }) => height >= fromHeight) };
    });
  const { handlers, events } = await reputationActor.start(context, { halfLifeMs: 604_800_000 });
  const envelope = testEnvelope({});
  return {
    asked,
    applied: async (applied: BlockApplied) => events['chain.blockApplied'](applied, envelope),
    reverted: async (hashes: readonly string[]) => events['chain.blocksReverted']({ hashes, height: 0 }, envelope),
    async reputation() {
      const { view } = await handlers.getReputation({ nodeId: 'founder' }, envelope);
      return view === null ? null : Math.round(view.reputationMicro / 1e6);
    },
  };
}

test('a branch switch is followed without reading the chain again, and a founder stays a member', async (t) => {
  const actor = await start([block('a1', 1, 'genesis', 9_000_000)]);
  t.is(actor.asked.applied, 1, 'once at the start');
  await actor.applied(block('a2', 2, 'a1', 6_000_000));
  t.is(await actor.reputation(), 6);
  await actor.reverted(['a2']);
  t.is(await actor.reputation(), 9);
  await actor.reverted(['a1']);
  t.is(await actor.reputation(), 10, 'as at genesis');
  await actor.applied(block('b1', 1, 'genesis', 3_000_000));
  t.is(await actor.reputation(), 3);
  t.is(actor.asked.applied, 1);
});

test('a switch away from blocks that the table does not hold reads the chain again', async (t) => {
  const actor = await start([block('a1', 1, 'genesis', 9_000_000)]);
  await actor.reverted(['x1']);
  t.is(actor.asked.applied, 2);
  t.is(await actor.reputation(), 9);
});

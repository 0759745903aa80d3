import test from 'ava';
import fc from 'fast-check';
import { storyOfTransaction } from '../../../actors/chain/story.js';
import type { TransactionBody } from '../../../actors/chain/types.js';
import { subjectsOf } from '../../../runtime/trace/subjects.js';
import { BLOCK, OPTIMUM, OTHER } from './samples.js';

const optimaIn = (name: string, payload: unknown) => subjectsOf(name, payload).optima;

test('an optimum is found wherever a message names it', (t) => {
  const vote = { type: 'vote', optimum: OPTIMUM, seat: 0, dataSeed: 'ab'.repeat(32), measurement: null };
  const cases: readonly (readonly [string, unknown])[] = [
    ['chain.submit', { body: { type: 'commit', optimum: OPTIMUM, commitment: OTHER, domain: 'digits', stamp: null } }],
    ['chain.submit', { body: vote }],
    ['chain.transactionAccepted', { id: OTHER, bytes: new Uint8Array(), own: true, transaction: { body: vote } }],
    ['evaluator.measure', { optimum: OPTIMUM, seat: 1, dataSeed: OTHER }],
    ['optimizer.committed', { domainId: 'digits', optimum: OPTIMUM, performance: 1 }],
    ['task-queue.run', { taskId: `confirm:${OPTIMUM}`, priority: 'confirm', task: {} }],
    ['task-queue.finished', { taskId: `${OPTIMUM}:3` }],
    ['task-queue.cancel', { taskId: `benchmark:${OPTIMUM}` }],
  ];
  for (const [name, payload] of cases) t.deepEqual(optimaIn(name, payload), [OPTIMUM], name);
});

test('a block is known by hash and height, with the optima of its records', (t) => {
  const records = [{ type: 'COINBASE' }, { type: 'COMMITTED', optimum: OPTIMUM }, { type: 'REVEALED', optimum: OTHER }];
  const block = { hash: BLOCK, height: 7, parent: OTHER, records: [...records, ...records] };
  t.deepEqual(subjectsOf('chain.blockApplied', block), { optima: [OPTIMUM, OTHER], block: BLOCK, height: 7 });
  t.deepEqual(subjectsOf('chain.blockProduced', { hash: BLOCK }), { optima: [], block: BLOCK, height: null });
});

test('hashes of other things are not taken for blocks', (t) => {
  const nothing = { optima: [], block: null, height: null };
  t.deepEqual(subjectsOf('gossip.blobReceived', { hash: BLOCK, sizeBytes: 1 }), nothing);
  t.deepEqual(subjectsOf('gossip.fetchBlob', { blob: { hash: BLOCK, sizeBytes: 1 }, domain: 'digits' }), nothing);
  t.deepEqual(subjectsOf('task-queue.run', { taskId: 'search:digits:0123456789abcdef:4' }), nothing);
});

test('no payload, however odd, makes it throw', (t) => {
  const names = fc.constantFrom(
    'chain.submit',
    'chain.blockApplied',
    'chain.transactionAccepted',
    'task-queue.run',
    'x.y',
  );
  fc.assert(
    fc.property(names, fc.anything(), (name, payload) => {
      const { optima } = subjectsOf(name, payload);
      return Array.isArray(optima);
    }),
  );
  t.pass();
});

test('a transaction about an optimum belongs to its story on every node, any other to none', (t) => {
  const story = { traceId: OPTIMUM.slice(0, 16) };
  const bodies: readonly TransactionBody[] = [
    { type: 'commit', optimum: OPTIMUM, commitment: OTHER, domain: 'digits', stamp: null },
    { type: 'vote', optimum: OPTIMUM, seat: 0, dataSeed: 'ab'.repeat(32), measurement: null },
  ];
  for (const body of bodies) t.deepEqual(storyOfTransaction(body), story);
  t.deepEqual(storyOfTransaction({ type: 'register-evaluator', stamp: 0, domains: [] }), {});
});

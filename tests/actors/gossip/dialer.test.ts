/** Addresses of the config, on a clock of the test's own. */
import test from 'ava';
import { Dialer } from '../../../actors/gossip/dialer.js';
import { PeerBook } from '../../../actors/gossip/peer-book.js';
import { TestContext } from '../../kit/context.js';
import { memoryFactory, testPort } from './kit.js';

test('a named peer that comes up late is called within seconds, however long he was away', async (t) => {
  const { port } = testPort(memoryFactory());
  let nowMs = 0;
  const ctx = new TestContext('gossip');
  ctx.monotonic = () => nowMs;
  const calledAt: number[] = [];
  port.dial = async () => {
    calledAt.push(nowMs);
    throw new Error('nobody there');
  };
  const dialer = new Dialer({ ctx, port, book: new PeerBook(port.peerId) });
  dialer.add('/dns4/localhost/tcp/4001');
  for (; nowMs < 600_000; nowMs += 250) {
    dialer.tick();
    // The dial above fails on the way of a promise or two.
    await new Promise(setImmediate);
  }
  const pauses = calledAt.slice(1).map((at, index) => at - (calledAt[index] ?? 0));
  t.true(Math.max(...pauses) <= 13_000, `${Math.max(...pauses)} ms`);
  t.true(calledAt.length < 100, 'and is not called all the time');
});

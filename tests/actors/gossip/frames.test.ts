import test from 'ava';
import fc from 'fast-check';
import { FrameReader, frame, gossipFrame, MAX_GOSSIP_BYTES, openGossipFrame } from '../../../actors/gossip/frames.js';

test('a frame comes back whole however it is cut', (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (body, cut) => {
    const reader = new FrameReader(300);
    const framed = frame(body);
    let result: Uint8Array | null = null;
    for (let offset = 0; offset < framed.length; offset += cut)
      result = reader.push(framed.subarray(offset, offset + cut));
    return result !== null && Buffer.compare(result, body) === 0;
  });
  fc.assert(property);
  t.pass();
});

test('a length above the cap is refused from the prefix alone', (t) => {
  const prefix = Uint8Array.of(0xff, 0xff, 0xff, 0xff);
  t.like(
    t.throws(() => new FrameReader(1000).push(prefix)),
    { code: 'oversize' },
  );
  t.like(
    t.throws(() => new FrameReader(9).push(frame(new Uint8Array(10)))),
    { code: 'oversize' },
  );
  t.is(new FrameReader(10).push(frame(new Uint8Array(10)))?.length, 10);
});

test('bytes after the frame are refused', (t) => {
  const twice = new Uint8Array([...frame(Uint8Array.of(1)), 7]);
  t.like(
    t.throws(() => new FrameReader(10).push(twice)),
    { code: 'malformed' },
  );
});

test('gossip is versioned and bounded', (t) => {
  const body = Uint8Array.of(1, 2, 3);
  t.deepEqual(openGossipFrame(gossipFrame(body)), { ok: true, body });
  t.deepEqual(openGossipFrame(Uint8Array.of(2, 1)), { ok: false, code: 'unknown-version' });
  t.deepEqual(openGossipFrame(new Uint8Array()), { ok: false, code: 'unknown-version' });
  const largest = gossipFrame(new Uint8Array(MAX_GOSSIP_BYTES - 1));
  t.true(openGossipFrame(largest).ok);
  t.deepEqual(openGossipFrame(new Uint8Array([...largest, 0])), { ok: false, code: 'oversize' });
  t.throws(() => gossipFrame(new Uint8Array(MAX_GOSSIP_BYTES)));
});

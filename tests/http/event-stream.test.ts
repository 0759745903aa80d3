import { EventEmitter } from 'node:events';
import test from 'ava';
import type { WebSocket } from 'ws';
import { streamEvents } from '../../runtime/http/event-stream.js';
import { sampleSource } from './samples.js';

/** A socket whose other end never reads: what is sent piles up. */
class StuckSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  closedWith: number | null = null;
  send(text: string): void {
    this.bufferedAmount += text.length;
  }
  close(code: number): void {
    this.closedWith = code;
    this.readyState = 2;
    this.emit('close');
  }
}

test('a client that does not read is cut off instead of buffered without end', (t) => {
  const source = sampleSource(1);
  const socket = new StuckSocket();
  streamEvents(socket as unknown as WebSocket, source);
  for (let sent = 0; sent < 10_000 && socket.closedWith === null; sent += 1) {
    source.send({ event: 'peerConnected', peer_id: 'p'.repeat(1000), address: 'a', at: sent });
  }
  t.is(socket.closedWith, 1013);
  t.true(socket.bufferedAmount < 1.1 * 1024 * 1024);
  t.is(source.listeners(), 0);
});

/** One WebSocket client of `/events`: JSON text frames, one event each. */
import type { WebSocket } from 'ws';
import type { StatusSource } from './node-view.js';

/** A client that lets this much pile up is too slow; it is cut off rather than buffered without end. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** 1013: try again later (IANA WebSocket close codes). */
const TRY_AGAIN_LATER = 1013;
const PING_MS = 30_000;

export function streamEvents(socket: WebSocket, source: Pick<StatusSource, 'subscribe'>): void {
  let alive = true;
  const cancel = source.subscribe((event) => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      socket.close(TRY_AGAIN_LATER, 'too slow');
      return;
    }
    socket.send(JSON.stringify(event));
  });
  const ping = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', () => {
    alive = true;
  });
  // A broken connection is followed by `close`, which is where the subscription ends.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    clearInterval(ping);
    cancel();
  });
}

/** One frame in, one frame out, over a libp2p stream, within a time. */
import type { Stream } from '@libp2p/interface';
import { DoinError } from '../../runtime/errors.js';
import { FrameReader, frame } from './frames.js';

/** Written at once; in between the writer waits for the peer to have read. */
const WRITE_CHUNK_BYTES = 256 * 1024;

/** Reads the one frame the peer sends. Throws `oversize`, `malformed`, or what ended the stream. */
export async function readFrame(stream: Stream, maxBytes: number): Promise<Uint8Array> {
  const reader = new FrameReader(maxBytes);
  for await (const chunk of stream) {
    for (const part of chunk instanceof Uint8Array ? [chunk] : chunk) {
      const body = reader.push(part);
      if (body !== null) return body;
    }
  }
  throw new DoinError({ code: 'truncated' }, 'the stream ended inside a frame');
}

/** Writes one frame and ends our side of the stream. */
export async function writeFrame(stream: Stream, body: Uint8Array, signal: AbortSignal): Promise<void> {
  const framed = frame(body);
  for (let offset = 0; offset < framed.length; offset += WRITE_CHUNK_BYTES) {
    if (!stream.send(framed.subarray(offset, offset + WRITE_CHUNK_BYTES))) await stream.onDrain({ signal });
  }
  await stream.close({ signal });
}

/** Runs `work` with a signal that aborts after a time, and aborts the stream with it, so that no reader waits on. */
export async function withTimeout<T>(
  stream: Stream,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(Math.ceil(timeoutMs));
  const abort = () => stream.abort(new DoinError({ code: 'request-timeout' }, `no answer within ${timeoutMs} ms`));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(signal);
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

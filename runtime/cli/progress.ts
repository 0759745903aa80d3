/** How far long work is, on one line of a terminal; nothing where nobody looks at it. */
import type { CliIo } from './node-port.js';

export type Counter = (done: number, total: number) => void;

export function counterOn(io: CliIo, json: boolean, what: string): Counter | undefined {
  if (json || !io.stderr.isTTY) return undefined;
  return (done, total) => {
    io.stderr.write(`\r${what} ${done} of ${total}${done >= total ? '\n' : ''}`);
  };
}

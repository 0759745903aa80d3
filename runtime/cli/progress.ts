/** How far long work is: a bar on one line of a terminal; nothing where nobody looks at it. */
import cliProgress from 'cli-progress';
import type { CliIo } from './node-port.js';

export type Counter = (done: number, total: number) => void;

export function counterOn({ stderr }: Pick<CliIo, 'stderr'>, json: boolean, what: string): Counter | undefined {
  if (json || !stderr.isTTY) return undefined;
  const options = { stream: stderr, format: `${what} {bar} {value} of {total}`, hideCursor: true };
  const bar = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  return (done, total) => {
    if (!bar.isActive) bar.start(total, done);
    bar.setTotal(total);
    bar.update(done);
    if (done >= total) bar.stop();
  };
}

/** Ctrl-C: once asks for a clean stop, twice ends the process at once. */
import { EXIT } from './exit.js';

/** The returned promise settles at the first signal. A second one leaves with 130, running `onForce` first. */
export function untilInterrupted(onForce: () => void = () => undefined): {
  readonly interrupted: Promise<void>;
  release(): void;
} {
  let stop: () => void = () => undefined;
  const interrupted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  let count = 0;
  const onSignal = () => {
    count += 1;
    if (count === 1) return stop();
    onForce();
    process.exit(EXIT.forced);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    interrupted,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

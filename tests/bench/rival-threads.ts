/** The worker of the `threads` library. */
import { createRequire } from 'node:module';
import type { Sample } from './runtime-actors.js';

const { expose } = createRequire(import.meta.url)('threads/worker') as { expose(functions: object): void };

let count = 0;

expose({
  reflect: (value: Sample): Sample => value,
  count: (_value: Sample): void => {
    count += 1;
  },
  total: (): number => count,
});

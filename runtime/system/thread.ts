/** Entry of every actor thread. */
import { workerData } from 'node:worker_threads';
import { exposeControl } from './control.js';
import type { ThreadBoot } from './spec.js';
import { ThreadHost } from './thread-host.js';

const boot = workerData as ThreadBoot;
exposeControl(new ThreadHost(boot).control(), boot.control);

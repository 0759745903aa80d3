/** `node tell-rate.js BUILD`: prints the fastest of many runs of cross-thread tells with the system of that build. */
import { sample } from './runtime-actors.js';
import { openSystem, tellRate } from './runtime-measures.js';

const RUNS = 40;
const TELLS = 100_000;

const system = await openSystem(['sink'], {}, new URL(process.argv[2] ?? '../../', import.meta.url));
let fastest = 0;
for (let run = 0; run < RUNS; run += 1) fastest = Math.max(fastest, await tellRate(system, TELLS, sample(1)));
process.stdout.write(String(fastest));
await system.stop();

/** What the actor system adds to, and takes away from, bare worker threads: same payload, same run, same machine. */
import { comedy, nact, threads } from './rivals.js';
import { SENDERS, sample } from './runtime-actors.js';
import {
  againstRaw,
  againstRival,
  askP50,
  blobTime,
  ownFanIn,
  ownPingPong,
  RIVAL_MESSAGES,
  RIVAL_TRIPS,
  rawBlobTime,
  rawPingPongP50,
  rawRate,
  TELLS,
  tellRate,
  traced,
  untraced,
} from './runtime-measures.js';
import { soak } from './soak.js';
import type { BenchSuite } from './suite.js';

/** Makes the sample a message of 1 KB. */
const KILOBYTE_NOTE = 950;

export const suite: BenchSuite = {
  name: 'runtime',
  cases: [
    {
      name: 'cross-thread tell of 100 B vs raw postMessage',
      unit: 'messages/s',
      goal: { ratioAtLeast: 5 },
      run: () =>
        againstRaw(
          (system) => tellRate(system, TELLS, sample(1)),
          (worker) => rawRate(worker, TELLS, sample(1)),
        ),
    },
    {
      name: 'cross-thread tell of 1 KB vs raw postMessage',
      unit: 'messages/s',
      goal: { ratioAtLeast: 1 },
      run: () => {
        const payload = sample(1, KILOBYTE_NOTE);
        return againstRaw(
          (system) => tellRate(system, TELLS / 4, payload),
          (worker) => rawRate(worker, TELLS / 4, payload),
        );
      },
    },
    {
      name: 'cross-thread ask round trip p50 vs raw ping-pong',
      unit: 'us',
      goal: { ratioAtMost: 1.5 },
      run: () => againstRaw(askP50, rawPingPongP50),
    },
    {
      name: '1 MiB made, transferred and taken in vs raw',
      unit: 'us',
      goal: { ratioAtMost: 1.1 },
      run: () => againstRaw(blobTime, rawBlobTime),
    },
    {
      name: 'tell with tracing off vs without the code that traces',
      unit: 'messages/s',
      goal: { ratioAtLeast: 0.98 },
      run: untraced,
    },
    {
      name: 'tell with all actors traced vs off',
      unit: 'messages/s',
      goal: { ratioAtLeast: 0.7 },
      run: traced,
    },
    {
      name: 'ping-pong of co-located actors vs nact',
      unit: 'us',
      goal: { ratioAtMost: 1 },
      run: () =>
        againstRival(nact, { shared: ['sink', ...SENDERS] }, ownPingPong, (rival) => rival.pingPong(RIVAL_TRIPS)),
    },
    {
      name: 'fan-in of 4 co-located actors vs nact',
      unit: 'messages/s',
      goal: { ratioAtLeast: 1 },
      run: () => againstRival(nact, { shared: ['sink', ...SENDERS] }, ownFanIn, (rival) => rival.fanIn(RIVAL_MESSAGES)),
    },
    ...[{ name: 'comedy', rival: comedy } as const, { name: 'threads', rival: threads } as const].flatMap(
      ({ name, rival }) => [
        {
          name: `ping-pong across threads vs ${name}`,
          unit: 'us',
          goal: { ratioAtMost: 1 },
          run: () => againstRival(rival, {}, askP50, (other) => other.pingPong(RIVAL_TRIPS)),
        },
        {
          name: `fan-in across threads vs ${name}`,
          unit: 'messages/s',
          goal: { ratioAtLeast: 1 },
          run: () =>
            againstRival(
              rival,
              {},
              (system) => tellRate(system, RIVAL_MESSAGES, sample(1)),
              (other) => other.fanIn(RIVAL_MESSAGES),
            ),
        },
      ],
    ),
    {
      name: '10 million messages under crashes: lost without account, twice, or out of order',
      unit: 'messages',
      only: '--soak',
      goal: { valueAtMost: 0 },
      run: async () => ({ value: (await soak()).wrong, baseline: null }),
    },
    {
      name: '10 million messages under crashes: memory at the end vs after 2 million',
      unit: 'MB',
      only: '--soak',
      goal: { ratioAtMost: 1.3 },
      run: async () => {
        const { endMb, earlyMb } = await soak();
        return { value: endMb, baseline: earlyMb };
      },
    },
  ],
};

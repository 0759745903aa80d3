/** Many nodes as real processes on this machine, over loopback sockets. All but the first know one address. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Traffic } from '../../actors/gossip/port.js';
import { createDevnet } from '../../runtime/node/devnet.js';

export interface FleetQuestion {
  readonly id: number;
  readonly ask: 'submit' | 'view' | 'stop';
}

export interface NodeView {
  readonly atMs: number;
  readonly accepted: number;
  readonly height: number;
  readonly hash: string;
  readonly finalized: number;
  readonly known: number;
  readonly peers: number;
  readonly traffic: Traffic;
}

interface Submitted {
  readonly atMs: number;
  readonly transactionId: string;
}

export type FleetAnswer =
  | ({ readonly id: number } & (NodeView | Submitted | { readonly atMs: number }))
  | { readonly heard: string; readonly atMs: number };

const PROGRAM = fileURLToPath(new URL('./network-node.js', import.meta.url));
/** As in production: who talks to the network and who keeps the chain do not share a thread. */
const PLACEMENT = {
  network: ['gossip'],
  chain: ['chain', 'reputation', 'quorum'],
  work: ['task-queue', 'optimizer', 'evaluator', 'tracker'],
};

export class FleetNode {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: never) => void>();
  readonly heardAt = new Map<string, number>();
  readonly ready: Promise<{ atMs: number }>;
  #next = 0;

  constructor(configFile: string) {
    this.#child = fork(PROGRAM, [configFile], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.ready = this.#answer(this.#next);
    this.#child.on('message', (answer: FleetAnswer) => {
      if ('heard' in answer) this.heardAt.set(answer.heard, answer.atMs);
      else this.#waiting.get(answer.id)?.(answer as never);
    });
  }

  submit(): Promise<Submitted> {
    return this.#ask('submit');
  }

  view(): Promise<NodeView> {
    return this.#ask('view');
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    void this.#ask('stop');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(timer);
  }

  #ask<T>(ask: FleetQuestion['ask']): Promise<T> {
    this.#next += 1;
    this.#child.send({ id: this.#next, ask } satisfies FleetQuestion, () => undefined);
    return this.#answer(this.#next);
  }

  #answer<T>(id: number): Promise<T> {
    return new Promise((resolve) => this.#waiting.set(id, resolve as never));
  }
}

/** `role` full: they search, with trainings that take time but no cores; relay: they only keep the chain. */
export async function withFleet<T>(
  size: number,
  role: 'full' | 'relay',
  use: (nodes: readonly FleetNode[]) => Promise<T>,
): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'doin-fleet-'));
  const members = await createDevnet({ nodes: size, dataDir, members: Array.from({ length: size }, () => ({ role })) });
  const nodes = members.map(({ configFile }) => {
    const config = JSON.parse(readFileSync(configFile, 'utf8')) as object;
    const domains = [{ domain_id: 'quadratic' }];
    writeFileSync(configFile, JSON.stringify({ ...config, domains, placement: PLACEMENT, workers: { threads: 1 } }));
    return new FleetNode(configFile);
  });
  try {
    await Promise.all(nodes.map(({ ready }) => ready));
    return await use(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

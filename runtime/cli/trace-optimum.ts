/**
 * `doin trace --optimum ID`: reads the optimum's past from the chain, follows it live, and sums up when the chain has
 * decided. The past has the times of blocks; what the node does from now on is timed as it happens.
 */
import { DoinError, errorMessage } from '../errors.js';
import type { TraceFrame } from '../http/trace-stream.js';
import { usageError } from './exit.js';
import { fetchJson } from './http-client.js';
import { type BlockJson, type LifeStep, OptimumLife, optimumOf } from './optimum-life.js';
import { openTrace, type TraceSocket } from './trace-socket.js';

export interface FollowOptions {
  readonly url: string;
  /** Its id or the beginning of it, lower-case hex. */
  readonly optimum: string;
  readonly json: boolean;
  /** Settles when the user has seen enough. */
  readonly over: Promise<void>;
  readonly output: Pick<NodeJS.WriteStream, 'write'>;
  readonly notes: Pick<NodeJS.WriteStream, 'write'>;
}

interface BlockPage {
  readonly chain_height: number;
  readonly to: number;
  readonly has_more: boolean;
  readonly blocks: readonly BlockJson[];
}

const POLL_MS = 500;
/** The server's page. */
const PAGE = 50;

export async function followOptimum(options: FollowOptions): Promise<void> {
  const follower = new Follower(options);
  let isOver = false;
  void options.over.then(() => {
    isOver = true;
  });
  const socket = await follower.listen();
  try {
    await follower.readPast();
    while (!isOver && !follower.isDecided) {
      await Promise.race([options.over, new Promise((resolve) => setTimeout(resolve, POLL_MS))]);
      await follower.readNew();
    }
  } finally {
    socket?.close();
  }
  follower.sumUp();
}

class Follower {
  readonly #options: FollowOptions;
  /** Live messages of before the past was read; null from then on. */
  #early: TraceFrame[] | null = [];
  #life: OptimumLife | null = null;
  #height = 0;
  #last: LifeStep | null = null;
  /** A second optimum that the digits fit. */
  #other: string | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  get isDecided(): boolean {
    return (this.#life?.verdict ?? null) !== null;
  }

  /** Before the past is read, so that nothing falls between. Null when the node shows its messages to others only. */
  async listen(): Promise<TraceSocket | null> {
    const { url, optimum, notes } = this.#options;
    try {
      return await openTrace(url, `optimum:${optimum}`, (frame) => this.#frame(frame));
    } catch (error) {
      if (!(error instanceof DoinError) || error.code !== 'node-error') throw error;
      notes.write(`no live messages (${errorMessage(error)}); following the chain\n`);
      return null;
    }
  }

  /** Back from the tip to its commitment; to the genesis when there is none. */
  async readPast(): Promise<void> {
    const newest = await this.#page('/chain/blocks');
    this.#height = newest.chain_height;
    const pages = [newest.blocks];
    for (let first = newest.to - newest.blocks.length + 1; first > 0; first -= PAGE) {
      if (pages[0]?.some((block) => this.#isCommittedIn(block))) break;
      const from = Math.max(0, first - PAGE);
      pages.unshift((await this.#page(`/chain/blocks?from=${from}&to=${first - 1}`)).blocks);
    }
    this.#take(pages.flat());
    if (this.#life === null) {
      this.#options.notes.write(`no optimum ${this.#options.optimum} on the chain yet; waiting for it\n`);
    }
  }

  async readNew(): Promise<void> {
    for (;;) {
      const page = await this.#page(`/chain/blocks?from=${this.#height + 1}`);
      // Nothing new: the page then is the chain's last block.
      const blocks = page.blocks.filter((block) => block.header.index > this.#height);
      this.#take(blocks);
      this.#height = Math.max(this.#height, page.to);
      if (!page.has_more) return;
    }
  }

  sumUp(): void {
    const { json, output, optimum } = this.#options;
    const steps = this.#life?.steps ?? [];
    const at = (name: LifeStep['step']) => steps.find(({ step }) => step === name)?.at ?? null;
    const lastVote = steps.findLast(({ step }) => step === 'vote')?.at ?? null;
    const verdict = this.#life?.verdict ?? null;
    const run = steps.find(({ step }) => step === 'confirmation-run')?.duration_ms ?? null;
    const committed = at('committed');
    const durations = {
      commit_to_reveal_ms: between(committed, at('revealed')),
      confirmation_run_ms: run,
      reveal_to_seats_ms: between(at('revealed'), at('seat')),
      seats_to_last_vote_ms: between(at('seat'), lastVote),
      last_vote_to_verdict_ms: between(lastVote, verdict?.at ?? null),
      total_ms: between(committed, verdict?.at ?? null),
    };
    const name = this.#life?.optimum ?? optimum;
    if (json) {
      output.write(
        `${JSON.stringify({ event: 'life', optimum: name, verdict: verdict?.step ?? null, ...durations })}\n`,
      );
      return;
    }
    const parts = Object.entries(durations).flatMap(([part, ms]) =>
      ms === null ? [] : [`  ${part.slice(0, -3).replaceAll('_', ' ').padEnd(24)} ${seconds(ms).padStart(10)} s`],
    );
    output.write(`${[`optimum ${name}: ${verdict?.text ?? 'not decided yet'}`, ...parts].join('\n')}\n`);
  }

  #page(path: string): Promise<BlockPage> {
    return fetchJson<BlockPage>(this.#options.url, path);
  }

  #isCommittedIn(block: BlockJson): boolean {
    return block.records.some(
      (record) => record.type === 'COMMITTED' && record.optimum.startsWith(this.#options.optimum),
    );
  }

  #take(blocks: readonly BlockJson[]): void {
    const ids = blocks.flatMap(({ records }) => records.map(optimumOf)).filter((id) => id !== null);
    this.#identify(ids);
    this.#refuseAmbiguous();
    for (const block of blocks) for (const step of this.#life?.takeBlock(block) ?? []) this.#print(step);
    this.#printEarly();
  }

  #frame(frame: TraceFrame): void {
    if (frame.event === 'dropped') this.#options.notes.write(`(${frame.count} messages of it not shown)\n`);
    if (frame.event !== 'message') return;
    this.#identify(frame.optima);
    if (this.#early !== null) {
      this.#early.push(frame);
      return;
    }
    const step = this.#life?.takeMessage(frame) ?? null;
    if (step !== null) this.#print(step);
  }

  /** After the past: what came meanwhile. */
  #printEarly(): void {
    const early = this.#early ?? [];
    if (this.#life === null) return;
    this.#early = null;
    for (const frame of early) this.#frame(frame);
  }

  #identify(ids: readonly string[]): void {
    for (const id of ids) {
      if (!id.startsWith(this.#options.optimum)) continue;
      this.#life ??= new OptimumLife(id);
      if (id !== this.#life.optimum) this.#other = id;
    }
  }

  #refuseAmbiguous(): void {
    if (this.#other === null) return;
    const { optimum } = this.#options;
    const both = `${this.#life?.optimum.slice(0, 16)} and ${this.#other.slice(0, 16)}`;
    throw usageError('optimum', optimum, `is the beginning of ${both}; use more digits`);
  }

  #print(step: LifeStep): void {
    const { json, output } = this.#options;
    const committedAt = this.#life?.steps.find(({ step: name }) => name === 'committed')?.at ?? null;
    const sinceCommit = between(committedAt, step.at);
    const sinceLast = between(this.#last?.at ?? null, step.at);
    this.#last = step;
    if (json) {
      const { step: name, ...rest } = step;
      const times = { since_previous_ms: sinceLast, since_commit_ms: sinceCommit };
      output.write(
        `${JSON.stringify({ event: 'step', optimum: this.#life?.optimum, step: name, ...rest, ...times })}\n`,
      );
      return;
    }
    const clock = new Date(step.at).toISOString().slice(11, 23);
    const place = step.height === undefined ? 'node' : `block ${step.height}`;
    const took = step.duration_ms === undefined ? '' : ` in ${seconds(step.duration_ms)} s`;
    const since = sinceLast === null ? '' : `${sinceLast < 0 ? '' : '+'}${seconds(sinceLast)}`;
    output.write(`${clock} ${since.padStart(10)}  ${place.padEnd(10)} ${step.text}${took}\n`);
  }
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : Math.round((to - from) * 1000) / 1000;
}

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(3);

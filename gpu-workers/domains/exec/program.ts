/**
 * One running program and the conversation with it: one request at a time, answers in the order of the protocol.
 * Whatever it does wrong ends it, and the request under way fails with a code; the next one finds a new program.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type TaskFailure, taskFailure } from '../../failures.js';
import type { TrainingProgress } from '../../types.js';
import { programEnvironment } from './environment.js';
import type { GuardOptions, GuardReport } from './guard.js';
import { LineSplitter } from './lines.js';
import {
  ANSWERS,
  MAX_LINE_BYTES,
  type ProgramReply,
  type ProgramRequest,
  type ReplyTo,
  replySchema,
} from './protocol.js';

/** How long a program may go on after `cancel` before it is killed; the pool kills the thread at 50 ms. */
const CANCEL_GRACE_MS = 25;
/** Progress comes no faster than this, however much a program writes. */
const PROGRESS_INTERVAL_MS = 20;
/** What of its standard error is kept for messages. */
const STDERR_BYTES = 2_000;
const GUARD = fileURLToPath(new URL('./guard.js', import.meta.url));

interface Pending {
  readonly id: number;
  readonly wanted: ProgramReply['type'];
  readonly onProgress: (progress: TrainingProgress) => void;
  readonly resolve: (reply: ProgramReply) => void;
  readonly reject: (failure: unknown) => void;
}

export interface Conversation {
  readonly signal?: AbortSignal;
  onProgress?(progress: TrainingProgress): void;
}

export class Program {
  readonly #name: string;
  readonly #guard: ChildProcess;
  readonly #input: Writable;
  readonly #control: Readable & Writable;
  readonly #streams: readonly Socket[];
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  #stderr = Buffer.alloc(0);
  #report: GuardReport | null = null;
  #pending: Pending | null = null;
  #failure: TaskFailure | null = null;
  #ids = 0;
  #progressAt = 0;

  constructor(options: GuardOptions) {
    this.#name = options.command[0] ?? '';
    this.#guard = spawn(process.execPath, [GUARD, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      env: programEnvironment(),
      detached: true,
    });
    const [input, output, errors, control] = this.#guard.stdio as unknown as [
      Writable,
      Readable,
      Readable,
      Readable & Writable,
    ];
    this.#streams = [input, output, errors, control] as unknown as readonly Socket[];
    this.#input = input;
    this.#control = control;
    // A program that went away is noticed by its end, not by the pipe.
    for (const stream of [input, control]) stream.on('error', () => undefined);
    output.on('data', (chunk: Buffer) => this.#read(chunk));
    errors.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.concat([this.#stderr, chunk]).subarray(-STDERR_BYTES);
    });
    const reports = new LineSplitter(STDERR_BYTES * 2);
    control.on('data', (chunk: Buffer) => {
      for (const line of reports.push(chunk) ?? []) this.#report = JSON.parse(line) as GuardReport;
    });
    this.#guard.on('error', (error) => this.#fail(taskFailure('task-crashed', error.message, error)));
    // After all of its output: the last words of a program are in by then.
    this.#guard.on('close', () => this.#fail(this.#endOf()));
    this.#holdProcess(false);
  }

  /** False once it has ended or must not be spoken to again. */
  get alive(): boolean {
    return this.#failure === null;
  }

  async ask<R extends ProgramRequest>(request: R, talk: Conversation = {}): Promise<ReplyTo<R['type']>> {
    const { signal, onProgress = () => undefined } = talk;
    signal?.throwIfAborted();
    if (this.#failure !== null) throw this.#failure;
    this.#holdProcess(true);
    this.#ids += 1;
    const id = this.#ids;
    let cancelling: NodeJS.Timeout | undefined;
    const onAbort = () => {
      this.#write({ type: 'cancel', id });
      cancelling = setTimeout(() => this.kill(), CANCEL_GRACE_MS);
    };
    try {
      const reply = await new Promise<ProgramReply>((resolve, reject) => {
        this.#pending = { id, wanted: ANSWERS[request.type], onProgress, resolve, reject };
        signal?.addEventListener('abort', onAbort, { once: true });
        this.#write({ ...request, id });
      });
      signal?.throwIfAborted();
      if (reply.type === 'failed')
        throw taskFailure(reply.code, `${this.#name}: ${reply.message.slice(0, STDERR_BYTES)}`);
      return reply as ReplyTo<R['type']>;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(cancelling);
      signal?.removeEventListener('abort', onAbort);
      this.#pending = null;
      this.#holdProcess(false);
    }
  }

  /** Ends the program and everything it started. */
  kill(): void {
    this.#fail(taskFailure('task-cancelled', `${this.#name} was ended`));
  }

  /** An idle program keeps nobody up: when our process ends, its control channel closes, and the guard ends it. */
  #holdProcess(hold: boolean): void {
    for (const handle of [this.#guard, ...this.#streams]) {
      if (hold) handle.ref();
      else handle.unref();
    }
  }

  #write(message: object): void {
    this.#input.write(`${JSON.stringify(message)}\n`);
  }

  #read(chunk: Buffer): void {
    if (this.#failure !== null) return;
    const lines = this.#lines.push(chunk);
    if (lines === null) this.#breach(`wrote a line longer than ${MAX_LINE_BYTES} bytes`);
    else for (const line of lines) this.#hear(line);
  }

  #hear(line: string): void {
    if (this.#failure !== null || line.trim() === '') return;
    const shown = JSON.stringify(line.slice(0, 200));
    const parsed = replySchema.safeParse(parseJson(line));
    const pending = this.#pending;
    if (!parsed.success) this.#breach(`wrote ${shown}, which is no message of the protocol`);
    else if (pending === null || parsed.data.id !== pending.id) this.#breach(`answered ${shown} to no question`);
    else if (parsed.data.type === 'progress') this.#progress(pending, parsed.data);
    else if (parsed.data.type === pending.wanted || parsed.data.type === 'failed') pending.resolve(parsed.data);
    else this.#breach(`answered ${shown} where "${pending.wanted}" was due`);
  }

  #progress({ onProgress, reject }: Pending, reply: Extract<ProgramReply, { type: 'progress' }>): void {
    const now = performance.now();
    if (now - this.#progressAt < PROGRESS_INTERVAL_MS) return;
    this.#progressAt = now;
    try {
      const { epoch, max_epochs: maxEpochs, loss, validation_loss: validationLoss } = reply;
      onProgress({ epoch, maxEpochs, loss, validationLoss });
    } catch (error) {
      reject(error);
      this.kill();
    }
  }

  #breach(what: string): void {
    this.#fail(taskFailure('task-crashed', `${this.#name} ${what}${this.#lastWords()}`));
  }

  /** The first failure is the cause of all that follow. The guard kills the group when its control channel closes. */
  #fail(failure: TaskFailure): void {
    if (this.#failure !== null) return;
    this.#failure = failure;
    this.#control.destroy();
    this.#input.destroy();
    this.#pending?.reject(failure);
  }

  #endOf(): TaskFailure {
    const report = this.#report;
    const words = this.#lastWords();
    switch (report?.type) {
      case 'memory':
        return taskFailure('task-memory', `${this.#name} had ${report.usedMb} MiB in use, more than its domain allows`);
      case 'not-started':
        return taskFailure('unknown-domain', `${this.#name} cannot be started: ${report.message}`);
      case 'exited': {
        const how = report.signal === null ? `with code ${report.code}` : `by ${report.signal}`;
        return taskFailure('task-crashed', `${this.#name} ended ${how}${words}`);
      }
      case undefined:
        return taskFailure('task-crashed', `the guard of ${this.#name} ended without a report${words}`);
    }
  }

  #lastWords(): string {
    const text = this.#stderr.toString('utf8').trim();
    return text === '' ? '' : `; its last words: ${text}`;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

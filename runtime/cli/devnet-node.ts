/** One node of a devnet: a child process running the production `start`, spoken to over IPC and its HTTP API. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DoinError } from '../errors.js';
import type { StatusJson } from '../http/status.js';
import { fetchStatus } from './http-client.js';
import type { ParentCommand, ReadyMessage } from './parent.js';

/** A node that has not stopped by then is killed: its store survives that at any instant. */
const STOP_MS = 20_000;

export interface DevnetNodeOptions {
  readonly number: number;
  readonly launcher: string;
  readonly configFile: string;
  readonly onLine: (line: string) => void;
}

export class DevnetNode {
  readonly number: number;
  readonly #child: ChildProcess;
  /** The node is up and serves HTTP; rejects when the process ends before. */
  readonly ready: Promise<ReadyMessage>;
  /** Settles with the exit code or signal when the process is gone, however it ended. */
  readonly exited: Promise<number | NodeJS.Signals>;
  #address: string | null = null;
  #running = true;
  #stopping = false;

  constructor(options: DevnetNodeOptions) {
    this.number = options.number;
    const args = [options.launcher, 'start', '--config', options.configFile];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', options.onLine);
    }
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => {
        options.onLine(`cannot run: ${error.message}`);
        this.#running = false;
        resolve(-1);
      });
      child.once('exit', (code, signal) => {
        this.#running = false;
        resolve(code ?? signal ?? -1);
      });
    });
    this.ready = this.#becomeReady();
  }

  get running(): boolean {
    return this.#running;
  }

  /** True once it was told to stop: its end is then no news. */
  get stopping(): boolean {
    return this.#stopping;
  }

  async status(): Promise<StatusJson> {
    if (this.#address === null) throw new DoinError({ code: 'node-unreachable' }, `node ${this.number} is not ready`);
    return fetchStatus(this.#address);
  }

  pause(): void {
    this.#send({ command: 'pause' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ command: 'stop' });
    const timer = setTimeout(() => this.kill(), STOP_MS);
    await this.exited;
    clearTimeout(timer);
  }

  kill(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }

  #send(command: ParentCommand): void {
    // A child that ends between the check and the send is reported by its exit.
    if (this.#running && this.#child.connected) this.#child.send(command, () => undefined);
  }

  #becomeReady(): Promise<ReadyMessage> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        const ready = message as ReadyMessage;
        if (ready.event !== 'ready') return;
        this.#address = ready.httpUrl;
        resolve(ready);
      });
      void this.exited.then((code) =>
        reject(new DoinError({ code: 'node-died' }, `node ${this.number} ended (${code}) before it was ready`)),
      );
    });
  }
}

/** Main's handle on one worker: its control port, and the one promise that says how it ended. */
import { MessageChannel, type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads';
import type { Remote } from 'comlink';
import { errorMessage } from '../errors.js';
import { remoteControl } from './control.js';
import { crashed } from './errors.js';
import type { ThreadBoot, ThreadControl } from './spec.js';

export class WorkerThread {
  readonly thread: string;
  /** Resolves, never rejects, with the reason when the worker has ended in whatever way. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #controlPort: MessagePort;
  readonly #control: Remote<ThreadControl>;
  /** Calls without an answer yet. */
  readonly #abandoned = new Set<(reason: string) => void>();
  #endReason: string | null = null;
  #killedBecause: string | null = null;

  constructor(boot: Omit<ThreadBoot, 'control'>, resourceLimits: ResourceLimits) {
    this.thread = boot.thread;
    const { port1, port2 } = new MessageChannel();
    this.#controlPort = port1;
    this.#control = remoteControl(port1);
    const workerData: ThreadBoot = { ...boot, control: port2 };
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), {
      name: boot.thread,
      workerData,
      resourceLimits,
      transferList: [port2, ...boot.links.map(({ port }) => port)],
    });
    this.ended = new Promise((resolve) => {
      let reason: string | null = null;
      this.#worker.on('error', (error) => {
        reason = errorMessage(error);
      });
      this.#worker.on('exit', (code) => {
        port1.close();
        const why = this.#killedBecause ?? reason ?? `its thread exited with code ${code}`;
        this.#endReason = why;
        for (const abandon of this.#abandoned) abandon(why);
        this.#abandoned.clear();
        resolve(why);
      });
    });
  }

  /** A control call that fails when the worker ends before it answers; comlink alone would wait for ever. */
  call<T>(run: (control: Remote<ThreadControl>) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const abandon = (reason: string) => reject(crashed(this.thread, new Error(reason)));
      if (this.#endReason !== null) return abandon(this.#endReason);
      this.#abandoned.add(abandon);
      run(this.#control)
        .then(resolve, reject)
        .finally(() => this.#abandoned.delete(abandon));
    });
  }

  /** Ends it like a crash, for this reason. */
  kill(because: string): Promise<void> {
    this.#killedBecause = because;
    return this.terminate();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
    this.#controlPort.close();
  }
}

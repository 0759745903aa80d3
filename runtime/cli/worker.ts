/** `doin worker`: lends this machine to a node of the same owner. */
import { availableParallelism, hostname } from 'node:os';
import type { Argv, CommandModule } from 'yargs';
import { formatPerformance, printable } from './format.js';
import type { CliIo, CliModules, WorkerTask } from './node-port.js';
import { parseInteger, textOption } from './options.js';
import { checkedUrl } from './queries.js';
import { readToken, type TokenArguments, tokenOptions } from './sending.js';
import { untilInterrupted } from './signals.js';

interface WorkerArguments extends TokenArguments {
  readonly threads?: string | undefined;
  readonly name?: string | undefined;
  readonly definition?: readonly string[] | undefined;
}

/** Tasks may take milliseconds: then a line tells of many. */
const REPORT_MS = 5_000;
const NICE_INCREMENT = 10;

export function workerCommand(
  modules: Pick<CliModules, 'runWorker' | 'loadDefinitions'>,
  io: CliIo,
): CommandModule<object, WorkerArguments> {
  return {
    command: 'worker',
    describe: 'Run training and evaluation of a node on this machine, until Ctrl-C',
    builder: workerOptions,
    async handler(options) {
      const { url, threads, name = defaultName(), definition = [] } = options;
      const report = new WorkerReport(io, options.json);
      const stopping = new AbortController();
      const { interrupted, release } = untilInterrupted();
      void interrupted.then(() => {
        report.say({ type: 'stopping', text: 'giving tasks back' });
        stopping.abort();
      });
      try {
        await modules.runWorker({
          url: checkedUrl(url),
          token: await readToken(options),
          name,
          threads: threads === undefined ? availableParallelism() : parseInteger('threads', threads, 1, 256),
          niceIncrement: NICE_INCREMENT,
          own: await modules.loadDefinitions(definition),
          signal: stopping.signal,
          say: (event) => report.say(event),
          onTask: (task) => report.count(task),
        });
      } finally {
        release();
        report.close();
      }
      report.say({ type: 'stopped', text: `${report.done} tasks done` });
    },
  };
}

function workerOptions(yargs: Argv): Argv<WorkerArguments> {
  return tokenOptions(yargs)
    .alias('url', 'node')
    .options({
      threads: textOption('Tasks at a time', 'one per core'),
      name: textOption('Name of this worker, on pages of the node', 'host name and process id'),
      definition: {
        ...textOption('File that defines a domain, as the node has it; may be given several times'),
        array: true,
      },
    })
    .example('$0 worker --node http://10.0.0.5:8470 --token-file http.token', 'Work for the node on that machine')
    .example('$0 worker --threads 2', 'Beside a node on this machine') as unknown as Argv<WorkerArguments>;
}

function defaultName(): string {
  return `${hostname()
    .replace(/[^\w.-]/g, '-')
    .slice(0, 40)}-${process.pid}`;
}

/** Lines on standard output: events at once, tasks counted together. */
class WorkerReport {
  done = 0;
  readonly #io: CliIo;
  readonly #json: boolean;
  readonly #timer: NodeJS.Timeout;
  readonly #running = new Map<string, number>();
  #last: Extract<WorkerTask, { state: 'done' }> | null = null;
  #told = 0;

  constructor(io: CliIo, json: boolean) {
    this.#io = io;
    this.#json = json;
    this.#timer = setInterval(() => this.#report(), REPORT_MS);
  }

  say({ type, text }: { readonly type: string; readonly text: string }): void {
    this.#line(type, printable(text), {});
  }

  count(task: WorkerTask): void {
    const { domainId, state } = task;
    this.#running.set(domainId, (this.#running.get(domainId) ?? 0) + (state === 'started' ? 1 : -1));
    if (task.state !== 'done') return;
    this.done += 1;
    this.#last = task;
    if (this.done === 1) this.#report();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#report();
  }

  #report(): void {
    const last = this.#last;
    if (last === null || this.done === this.#told) return;
    this.#told = this.done;
    const running = [...this.#running].reduce((sum, [, count]) => sum + count, 0);
    const { domainId, kind, performance, seconds } = last;
    const what = `last: ${printable(domainId)} ${kind}, ${formatPerformance(performance)} in ${seconds.toFixed(1)} s`;
    this.#line('tasks', `${this.done} done, ${running} running; ${what}`, { done: this.done, running });
  }

  #line(event: string, text: string, fields: object): void {
    const line = this.#json ? JSON.stringify({ event, at: Date.now(), text, ...fields }) : text;
    this.#io.stdout.write(`${line}\n`);
  }
}

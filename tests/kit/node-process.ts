/** Real nodes as real processes, for end-to-end tests: started by the launcher, followed by their JSON lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';
import type { StatusJson } from '../../runtime/http/status.js';
import { packageRoot } from '../../runtime/package-info.js';

export const launcher = join(packageRoot, 'bin', 'doin.js');

export interface NodeLine {
  readonly event: string;
  readonly at: number;
  readonly [field: string]: unknown;
}

export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'doin-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

export class NodeProcess {
  readonly lines: NodeLine[] = [];
  readonly exited: Promise<number | NodeJS.Signals>;
  stderr = '';
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();

  /** `doin <args>`; killed at the end of the test if it still runs. */
  constructor(t: ExecutionContext, args: readonly string[]) {
    this.#child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    t.teardown(() => this.kill());
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line));
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve(code ?? signal ?? -1);
        for (const check of this.#listeners) check();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Resolves with the first line, past or future, that matches; rejects when the process ends without one. */
  async line(matches: (line: NodeLine) => boolean, what: string): Promise<NodeLine> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.lines.find(matches);
        if (found === undefined && this.#child.exitCode === null && this.#child.signalCode === null) return;
        this.#listeners.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the node ended without ${what}\n${this.stderr}`));
      };
      this.#listeners.add(check);
      check();
    });
  }

  async url(): Promise<string> {
    const { text } = await this.line((line) => String(line.text).startsWith('listening on '), 'its address');
    return String(text).slice('listening on '.length);
  }

  async status(): Promise<StatusJson> {
    const response = await fetch(`${await this.url()}/status`);
    return (await response.json()) as StatusJson;
  }

  #take(line: string): void {
    if (!line.startsWith('{')) return;
    this.lines.push(JSON.parse(line) as NodeLine);
    for (const check of this.#listeners) check();
  }
}

/** Polls until the answer satisfies; the test's own timeout is the limit. */
export async function until<T>(ask: () => Promise<T>, satisfied: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (satisfied(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

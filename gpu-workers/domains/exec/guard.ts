/**
 * Runs one program in a process group of its own and sees to it that the whole group ends: when the program does, when
 * it takes more memory than it may, and when the node's worker goes away in whatever manner, as no thread that is
 * killed can clean up after itself. Started by `program.ts` as a process; the program shares its standard streams.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';

export interface GuardOptions {
  readonly command: readonly string[];
  readonly memoryMb: number;
}

/** What the guard says on its control channel (file descriptor 3), once, before it ends. */
export type GuardReport =
  | { readonly type: 'not-started'; readonly message: string }
  | { readonly type: 'exited'; readonly code: number | null; readonly signal: string | null }
  | { readonly type: 'memory'; readonly usedMb: number };

const CONTROL = 3;
const MEMORY_POLL_MS = 100;
/** Looking at /proc costs a few milliseconds where thousands of processes run: never more than 2 % of the time. */
const POLL_SHARE = 50;

function main(options: GuardOptions): void {
  const [file = '', ...args] = options.command;
  const control = new Socket({ fd: CONTROL, readable: true, writable: true });
  const program = spawn(file, args, { stdio: 'inherit', detached: true });
  let ended = false;
  const end = (report: GuardReport | null) => {
    if (ended) return;
    ended = true;
    if (program.pid !== undefined) killGroup(program.pid);
    if (report === null) process.exit();
    control.end(`${JSON.stringify(report)}\n`, () => process.exit());
  };
  // The terminal's Ctrl-C reaches this group too; the node decides when work ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  control.on('error', () => end(null));
  control.on('close', () => end(null));
  control.resume();
  program.on('error', (error) => end({ type: 'not-started', message: error.message }));
  program.on('exit', (code, signal) => end({ type: 'exited', code, signal }));
  const { pid } = program;
  if (process.platform === 'linux' && pid !== undefined) {
    watchMemory(pid, options.memoryMb, (usedMb) => end({ type: 'memory', usedMb }));
  }
}

function watchMemory(group: number, limitMb: number, onExceeded: (usedMb: number) => void): void {
  const startedAt = performance.now();
  const usedMb = Math.round(residentKib(group) / 1024);
  if (usedMb > limitMb) {
    onExceeded(usedMb);
    return;
  }
  const tookMs = performance.now() - startedAt;
  setTimeout(() => watchMemory(group, limitMb, onExceeded), Math.max(MEMORY_POLL_MS, tookMs * POLL_SHARE));
}

/** What all processes of the group have in memory. Pages that several of them share count for each. */
function residentKib(group: number): number {
  let total = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || groupOf(name) !== group) continue;
    total += Number(/^VmRSS:\s+(?<kib>\d+) kB/m.exec(read(`/proc/${name}/status`))?.groups?.kib ?? 0);
  }
  return total;
}

/** The fifth field of `stat`; the second is the name in brackets, which may hold anything. */
function groupOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

/** Processes come and go while one looks. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}

main(JSON.parse(process.argv[2] ?? '{}') as GuardOptions);

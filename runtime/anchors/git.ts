/** Runs the `git` program: no shell, no questions, no editor, bounded in time and output. */
import { spawn } from 'node:child_process';

export type GitOutcome =
  | { readonly ok: true; readonly output: string }
  /** `exit` is null when git could not be started or took too long. */
  | { readonly ok: false; readonly exit: number | null; readonly problem: string };

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** Anchors are signed by their content, not by who commits: no identity of the owner is needed. */
const SETTINGS = [
  'user.name=doin',
  'user.email=anchors@doin.invalid',
  'commit.gpgSign=false',
  'core.hooksPath=/dev/null',
];

export function runGit(
  folder: string,
  args: readonly string[],
  input = '',
  environment: NodeJS.ProcessEnv = {},
): Promise<GitOutcome> {
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  return new Promise((resolve) => {
    const child = spawn('git', [...settings, ...args], {
      cwd: folder,
      env: { ...process.env, ...environment, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const output: Buffer[] = [];
    const problem: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_OUTPUT_BYTES) child.kill();
      else output.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => problem.push(chunk));
    child.on('error', (error) => resolve({ ok: false, exit: null, problem: error.message }));
    child.on('close', (exit) => {
      if (exit === 0) resolve({ ok: true, output: Buffer.concat(output).toString('utf8') });
      else resolve({ ok: false, exit, problem: Buffer.concat(problem).toString('utf8').trim().slice(0, 500) });
    });
    // A git that ends early closes its input; its exit says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { GitLedger } from '../../../runtime/anchors/git-ledger.js';
import { anchorOf, CHAIN, ledgerCompliance } from './compliance.js';

const BRANCH = 'doin-anchors';
const folder = () => mkdtempSync(join(tmpdir(), 'doin-git-'));

function git(cwd: string, ...args: string[]): string {
  const identity = [
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@example.invalid',
    '-c',
    'protocol.file.allow=always',
  ];
  return execFileSync('git', [...identity, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

function newRepository(): string {
  const repository = folder();
  git(repository, 'init', '--quiet', '--bare', '.');
  return repository;
}

function open(repository: string, copy = folder(), chain = CHAIN): GitLedger {
  return new GitLedger({ repository, branch: BRANCH, copy }, chain);
}

ledgerCompliance(test, 'git', async () => {
  const repository = newRepository();
  const copy = folder();
  return { open: (chain = CHAIN) => open(repository, copy, chain) };
});

test('the reference is the commit, and the repository holds the block for anybody to read', async (t) => {
  const repository = newRepository();
  const reference = await open(repository).write(anchorOf(100));
  t.is(git(repository, 'rev-parse', BRANCH), reference);
  t.is(JSON.parse(git(repository, 'show', `${reference}:anchors/test/100.json`)).block, anchorOf(100).hash);
});

test('two nodes write into one repository', async (t) => {
  const repository = newRepository();
  const [one, two] = [open(repository), open(repository)];
  await one.write(anchorOf(100));
  await two.write(anchorOf(200));
  await one.write(anchorOf(300));
  t.deepEqual(
    (await two.read()).map(({ height }) => height),
    [100, 200, 300],
  );
});

test('a repository with a working tree and other branches is left as it is', async (t) => {
  const repository = folder();
  git(repository, 'init', '--quiet', '-b', 'main', '.');
  writeFileSync(join(repository, 'notes.txt'), 'mine');
  git(repository, 'add', '.');
  git(repository, 'commit', '--quiet', '-m', 'mine');
  const before = git(repository, 'rev-parse', 'main');
  await open(repository).write(anchorOf(100));
  t.is(git(repository, 'rev-parse', 'main'), before);
  t.is(git(repository, 'status', '--porcelain'), '');
  t.is(readFileSync(join(repository, 'notes.txt'), 'utf8'), 'mine');
});

/** Two anchors, and a clone in which somebody works on the branch. */
async function attacked() {
  const repository = newRepository();
  const ledger = open(repository);
  await ledger.write(anchorOf(100));
  await ledger.write(anchorOf(200));
  const clone = folder();
  git(clone, 'clone', '--quiet', '--branch', BRANCH, repository, '.');
  const path = join(clone, 'anchors/test/100.json');
  return { repository, ledger, clone, path };
}

const rewrites: readonly (readonly [name: string, attack: (clone: string, path: string) => void])[] = [
  [
    'changed',
    (clone, path) => {
      writeFileSync(path, readFileSync(path, 'utf8').replace(anchorOf(100).hash, 'ab'.repeat(32)));
      git(clone, 'commit', '--quiet', '-am', 'change');
      git(clone, 'push', '--quiet', 'origin', BRANCH);
    },
  ],
  [
    'deleted',
    (clone, path) => {
      rmSync(path);
      git(clone, 'commit', '--quiet', '-am', 'delete');
      git(clone, 'push', '--quiet', 'origin', BRANCH);
    },
  ],
  [
    'pushed away by force',
    (clone) => {
      git(clone, 'reset', '--quiet', '--hard', 'HEAD~1');
      git(clone, 'push', '--quiet', '--force', 'origin', BRANCH);
    },
  ],
  ['removed with its branch', (clone) => void git(clone, 'push', '--quiet', 'origin', '--delete', BRANCH)],
  [
    'hidden behind a merge',
    (clone) => {
      git(clone, 'checkout', '--quiet', '-b', 'side', 'HEAD~1');
      git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'side');
      git(clone, 'checkout', '--quiet', BRANCH);
      git(clone, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'side');
      git(clone, 'push', '--quiet', 'origin', BRANCH);
    },
  ],
  [
    'joined by a file that is no anchor',
    (clone) => {
      writeFileSync(join(clone, 'anchors/test/300.json'), '{"height":300}');
      git(clone, 'add', '.');
      git(clone, 'commit', '--quiet', '-m', 'garbage');
      git(clone, 'push', '--quiet', 'origin', BRANCH);
    },
  ],
];
for (const [name, attack] of rewrites) {
  test(`an anchor that was ${name} is noticed`, async (t) => {
    const { ledger, clone, path } = await attacked();
    attack(clone, path);
    const error = await t.throwsAsync(ledger.read());
    t.is((error as { code?: string }).code, 'anchor-ledger-damaged', error?.message);
    t.regex(error?.message ?? '', /restore it from a clone/);
  });
}

test('a repository that is not there is unreachable, and the message says how to make one', async (t) => {
  const error = await t.throwsAsync(open('/nonexistent/anchors').read());
  t.is((error as { code?: string }).code, 'anchor-ledger-unreachable');
  t.regex(error?.message ?? '', /git init --bare/);
});

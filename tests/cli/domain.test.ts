/** The real launcher in a folder of the user's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../runtime/package-info.js';

const folder = mkdtempSync(join(tmpdir(), 'doin-domain-'));

function doin(...args: readonly string[]) {
  const launcher = join(packageRoot, 'bin/doin.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, 'domain', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test.serial('a new domain passes every check as it is written', (t) => {
  t.is(doin('new', 'my-line').status, 0);
  const { status, stdout, stderr } = doin('test', 'my-line', '--cancel-ms', '5000');
  t.is(status, 0, stdout + stderr);
  t.true(stdout.trim().split('\n').length >= 10 && !stdout.includes('FAIL'), stdout);
});

test.serial('writing it again leaves what is there', (t) => {
  const { status, stderr } = doin('new', 'my-line');
  t.is(status, 2);
  t.regex(stderr, /my-line\/domain\.js exists already/);
});

test.serial('a domain that breaks a rule fails by the name of the rule', (t) => {
  const file = join(folder, 'my-line/domain.js');
  const right = readFileSync(file, 'utf8');
  writeFileSync(
    join(folder, 'broken.js'),
    right.replace("Random.fromSeed(seed, 'training')", "Random.fromSeed(new Uint8Array(32), 'training')"),
  );
  const { status, stdout, stderr } = doin('test', 'broken.js', '--cancel-ms', '5000');
  t.is(status, 1);
  t.regex(stdout, /FAIL training follows its seed/);
  t.regex(stderr, /broken\.js does not pass: 1 checks failed/);
});

test.serial('a definition with a wrong value names field and fix', (t) => {
  const file = join(folder, 'wrong.js');
  const right = readFileSync(join(folder, 'my-line/domain.js'), 'utf8');
  writeFileSync(file, right.replace("verification: 'exact'", "verification: 'statistical'"));
  const { status, stderr } = doin('test', 'wrong.js');
  t.is(status, 2);
  t.regex(stderr, /domain file .*wrong\.js is not valid:\s+weight_nano: must be at most 500000000/);
});

test.serial('what is no domain at all, and no name for one', (t) => {
  t.regex(doin('test', 'nothing-here').stderr, /nothing-here is no built-in domain, no file/);
  t.regex(doin('new', 'My Domain').stderr, /"My Domain" is no domain id/);
});

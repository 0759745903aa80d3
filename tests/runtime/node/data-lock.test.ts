import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import { lockDataDir, takeAway } from '../../../runtime/node/data-lock.js';

const folder = () => mkdtemp(join(tmpdir(), 'doin-lock-'));
/** A process that has ended. */
const gone = spawnSync(process.execPath, ['--version']).pid;
/** Two processes that run. */
const starters = [process.pid, process.ppid];

test('a folder is locked once, and free again after the release', async (t) => {
  const dataDir = await folder();
  const lock = await lockDataDir(dataDir, process.ppid);
  const error = await t.throwsAsync(lockDataDir(dataDir));
  t.true(isDoinError(error, 'data-dir-in-use'));
  t.regex(error!.message, new RegExp(`process ${process.ppid} runs a node on it`));
  await lock.release();
  await (await lockDataDir(dataDir)).release();
  t.deepEqual(await readdir(dataDir), [], 'nothing stays behind');
});

test('the lock of a process that was killed, or wrote nothing, is taken over', async (t) => {
  for (const stale of [`${gone}\n`, '']) {
    const dataDir = await folder();
    await writeFile(join(dataDir, 'node.lock'), stale);
    await lockDataDir(dataDir);
    t.is(await readFile(join(dataDir, 'node.lock'), 'utf8'), `${process.pid}\n`);
    t.deepEqual(await readdir(dataDir), ['node.lock']);
  }
});

test('a starter that was slow to remove a stale lock leaves the fresh one of a quicker starter alone', async (t) => {
  const dataDir = await folder();
  const file = join(dataDir, 'node.lock');
  // Both have read the stale lock; the other one has replaced it since.
  await lockDataDir(dataDir, process.ppid);
  t.false(await takeAway(file, `${gone}\n`));
  t.is(await readFile(file, 'utf8'), `${process.ppid}\n`);
  t.true(await takeAway(file, `${process.ppid}\n`));
  t.deepEqual(await readdir(dataDir), []);
  t.true(await takeAway(file, `${gone}\n`), 'one that is gone needs no removing');
});

test('of two starters that find one stale lock, one wins and the other is refused', async (t) => {
  for (let round = 0; round < 300; round += 1) {
    const dataDir = await folder();
    await writeFile(join(dataDir, 'node.lock'), `${gone}\n`);
    // The second comes a little later, each time by another number of turns of the event loop.
    const outcomes = await Promise.allSettled(
      starters.map(async (pid, index) => {
        for (let turn = 0; turn < index * (round % 30); turn += 1) await new Promise(setImmediate);
        return lockDataDir(dataDir, pid);
      }),
    );
    const won = starters.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    t.is(won.length, 1, `round ${round}`);
    t.is(await readFile(join(dataDir, 'node.lock'), 'utf8'), `${won[0]}\n`);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') t.true(isDoinError(outcome.reason, 'data-dir-in-use'), String(outcome.reason));
    }
  }
});

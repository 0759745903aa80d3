/** What the parts of a node that keep files have in common. */
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The outcome, or null when the file does not exist; every other failure is its caller's. */
export async function ifPresent<T>(opened: Promise<T>): Promise<T | null> {
  try {
    return await opened;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Returns when the text is on disk, readable by its owner only. Written beside and renamed: after a crash there is the old
 * file or the new one, never half of each.
 */
export async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    // A file that was there already keeps its mode when it is opened.
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

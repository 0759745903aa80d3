/** The actor system as it would be without tracing: a copy of the build in which the lines that trace are gone. */
import { cp, readFile, rm, writeFile } from 'node:fs/promises';

/** Each must be found in the build of cell.ts, or the case would compare the system with itself. */
const CUTS: readonly (readonly [traced: RegExp, untraced: string])[] = [
  [/queue\.traced = [^;]+;/u, ';'],
  [/this\.#metrics\.due\(\) \|\| \(queue\.traced && [^;]+;/u, 'this.#metrics.due();'],
  [/if \(queue\.traced\)\s+this\.#options\.tracer\.record\([^;]+;/u, ''],
];

/** Makes it and returns its folder; `remove` takes it away again. */
export async function untracedBuild(build: URL): Promise<{ readonly folder: URL; remove(): Promise<void> }> {
  // Inside the project, so that packages are found from there; not with what is published.
  const folder = new URL('tests/.untraced/', build);
  const remove = () => rm(folder, { recursive: true, force: true });
  await remove();
  for (const part of ['runtime', 'actors', 'config', 'gpu-workers', 'tests/bench']) {
    await cp(new URL(part, build), new URL(part, folder), { recursive: true });
  }
  const cell = new URL('runtime/system/cell.js', folder);
  let code = await readFile(cell, 'utf8');
  for (const [traced, untraced] of CUTS) {
    if (!traced.test(code)) throw new Error(`the build of cell.ts has no ${traced.source}: the cuts need an update`);
    code = code.replace(traced, untraced);
  }
  await writeFile(cell, code);
  return { folder, remove };
}

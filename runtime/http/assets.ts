/** The dashboard's files, all read once at start: no path from outside ever reaches the file system. */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { packageRoot } from '../package-info.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Asset by the path it is served under. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const own = join(packageRoot, 'runtime/dashboard/public');
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const names = (await readdir(own)).filter((name) => extname(name) in TYPES);
  const files: readonly (readonly [string, string])[] = [
    ...names.map((name) => [`/${name}`, join(own, name)] as const),
    ['/', join(own, 'index.html')],
    ['/favicon.ico', join(own, 'favicon.svg')],
    ['/vendor/uplot.js', join(uplot, 'uPlot.esm.js')],
    ['/vendor/uplot.css', join(uplot, 'uPlot.min.css')],
  ];
  const loaded = await Promise.all(
    files.map(async ([path, file]) => {
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      return [path, { type, body: await readFile(file) }] as const;
    }),
  );
  return new Map(loaded);
}

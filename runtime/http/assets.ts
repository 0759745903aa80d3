/** The dashboard's files, read once at start. A fixed list: no path from outside ever reaches the file system. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../package-info.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Asset by the path it is served under. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const own = join(packageRoot, 'runtime/dashboard/public');
  const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
  const files: readonly (readonly [string, string, keyof typeof TYPES])[] = [
    ['/', join(own, 'index.html'), 'html'],
    ['/app.js', join(own, 'app.js'), 'js'],
    ['/view.js', join(own, 'view.js'), 'js'],
    ['/style.css', join(own, 'style.css'), 'css'],
    ['/favicon.ico', join(own, 'favicon.svg'), 'svg'],
    ['/vendor/uplot.js', join(uplot, 'uPlot.esm.js'), 'js'],
    ['/vendor/uplot.css', join(uplot, 'uPlot.min.css'), 'css'],
  ];
  const loaded = await Promise.all(
    files.map(async ([path, file, type]) => [path, { type: TYPES[type], body: await readFile(file) }] as const),
  );
  return new Map(loaded);
}

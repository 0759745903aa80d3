#!/usr/bin/env node
// The launcher: plain JavaScript that any Node can parse, so that an old one gets a sentence and not a stack trace.
import { existsSync } from 'node:fs';

/** As in package.json `engines`: 20.19 or later, 22.12 or later, 24 and up. */
const MINIMUM_MINOR = { 20: 19, 22: 12 };

const [major, minor] = process.versions.node.split('.').map(Number);
const supported = major >= 24 || (MINIMUM_MINOR[major] !== undefined && minor >= MINIMUM_MINOR[major]);
const entry = new URL('../dist/runtime/cli/main.js', import.meta.url);

if (!supported) {
  console.error(`doin: Node ${process.versions.node} is not supported; use 20.19 or later, 22.12 or later, or 24`);
  process.exit(2);
}
if (!existsSync(entry)) {
  console.error('doin: the program is not built yet; run `npm run build` in its folder first');
  process.exit(2);
}
const { runFromLauncher } = await import(entry.href);
await runFromLauncher(import.meta.url);

/** `npm run screenshots`: pictures of a running node's dashboard for the README, at the address given or of a new devnet. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../runtime/package-info.js';
import { findBrowser, launchBrowser } from '../kit/browser.js';
import { devnetUntil } from '../kit/devnet.js';

const SHOTS = [
  { view: 'overview', scheme: 'light' },
  { view: 'search', scheme: 'dark' },
  { view: 'chain', scheme: 'light' },
] as const;
/** Enough of a run that every panel has something to show. */
const ACCEPTED = 4;

const file = findBrowser();
if (file === null) throw new Error('no Chromium on the path and none in CHROMIUM_PATH');
const dataDir = await mkdtemp(join(tmpdir(), 'doin-screenshots-'));
const [given] = process.argv.slice(2);
const network =
  given === undefined ? await devnetUntil(dataDir, ACCEPTED) : { url: given, stop: async () => undefined };
const browser = await launchBrowser(file);
const folder = join(packageRoot, 'docs/images');
await mkdir(folder, { recursive: true });
for (const { view, scheme } of SHOTS) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 820 }, colorScheme: scheme });
  await page.goto(`${network.url}/#${view}`);
  await page.locator('#connection.good').waitFor();
  await page.waitForTimeout(2_000);
  await page.screenshot({ path: join(folder, `dashboard-${view}.png`) });
  await page.close();
}
await browser.close();
await network.stop();
await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });

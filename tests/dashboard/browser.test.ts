/** The dashboard in a real browser, on a real network. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createDevnet } from '../../runtime/node/devnet.js';
import { findBrowser, launchBrowser, openPage, openView, seriousFindings } from '../kit/browser.js';
import { NodeProcess, temporaryFolder } from '../kit/node-process.js';

const browserFile = findBrowser();
if (browserFile === null) console.log('no browser test: no Chromium on the path and none in CHROMIUM_PATH');
const withBrowser = browserFile === null ? test.skip : test;

/** What every view must show once an optimum was accepted. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  overview: ['.tiles strong', '.card .plot canvas', '.lives .life .done', 'h2:text("Alerts")'],
  search: ['.plot canvas', 'tbody tr', 'canvas[aria-label*="Parallel"]', 'h2:text("Parameter importance")'],
  verification: ['.optimae .life .done', '.badge.good'],
  chain: ['svg.branches .block', 'tbody tr'],
  economy: ['.tiles strong', 'tbody tr .bar'],
  peers: ['svg.peers .peer', 'tbody tr'],
  actors: ['tbody tr .switch', 'h2:text("Dead letters")'],
};

async function network(t: ExecutionContext) {
  const dataDir = temporaryFolder(t);
  const members = await createDevnet({ nodes: 3, dataDir });
  for (const { configFile } of members) change(configFile, { domains: [{ domain_id: 'quadratic' }] });
  const start = (index: number) => new NodeProcess(t, ['start', '--json', '--config', members[index]!.configFile]);
  const nodes = members.map((_, index) => start(index));
  return {
    nodes,
    again: (index: number, port: string) => {
      change(join(dataDir, `node-${index + 1}`, 'config.json'), { port: Number(port) });
      return start(index);
    },
  };
}

function change(file: string, settings: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...settings }));
}

withBrowser('every panel shows a running network, in light and dark, to everybody, and asks nobody else', async (t) => {
  t.timeout(300_000);
  const { nodes, again } = await network(t);
  const [first] = nodes as [NodeProcess];
  await first.line((line) => line.event === 'optimumAccepted', 'an accepted optimum');
  const url = await first.url();
  const browser = await launchBrowser(browserFile!);
  t.teardown(() => browser.close());

  for (const scheme of ['light', 'dark'] as const) {
    const { page, errors, hosts } = await openPage(t, browser, url, scheme);
    for (const [view, selectors] of Object.entries(EXPECTED)) {
      await openView(page, view);
      for (const selector of selectors) await page.locator(selector).first().waitFor({ state: 'attached' });
      t.deepEqual(await seriousFindings(page), [], `${view}, ${scheme}`);
      t.is(await page.locator('main h1').count(), 1);
    }
    t.deepEqual(errors, []);
    t.deepEqual([...hosts], [new URL(url).host]);
    if (scheme === 'dark') await page.close();
    else await tracedAndRestarted(page);
  }

  /** An actor is traced from the page, and a node that comes back is followed again. */
  async function tracedAndRestarted(page: import('playwright-core').Page): Promise<void> {
    await page.getByRole('button', { name: 'Trace chain' }).click();
    await page.locator('.trace li').first().waitFor();
    t.regex((await page.locator('.trace li').first().textContent()) ?? '', /→ chain /);
    await openView(page, 'overview');
    first.kill('SIGTERM');
    await first.exited;
    await page.locator('#connection.bad').waitFor();
    const restarted = again(0, new URL(url).port);
    t.is(await restarted.url(), url);
    await page.locator('#connection.good').waitFor();
    await page.locator('.lives .life .done').first().waitFor();
  }
});

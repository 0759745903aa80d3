/** A Chromium of this machine, driven by Playwright. None is ever downloaded: without one, its tests are skipped. */
import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Browser, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];

/** `CHROMIUM_PATH`, or the first browser on the path. */
export function findBrowser(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    process.env.CHROMIUM_PATH,
    ...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  return candidates.find((file) => file !== undefined && isExecutable(file)) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function launchBrowser(executablePath: string): Promise<Browser> {
  // Chromium refuses its own sandbox to root, as which containers run tests.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

export interface OpenPage {
  readonly page: Page;
  /** What the page complained about. */
  readonly errors: string[];
  /** Hosts that it asked for anything. */
  readonly hosts: Set<string>;
}

export async function openPage(
  t: ExecutionContext,
  browser: Browser,
  url: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme });
  t.teardown(() => page.close().catch(() => undefined));
  page.setDefaultTimeout(120_000);
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  page.on('websocket', (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(url);
  return { page, errors, hosts };
}

/** Goes to a view and waits until it shows what the node answered. */
export async function openView(page: Page, view: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(view)}`);
  await page.locator(`#views a[data-view="${view}"][aria-current=page]`).waitFor();
  await page.locator('main[aria-busy=false]').waitFor();
  await page.locator('#connection.good').waitFor();
}

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Accessibility findings that keep somebody out. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  // Not as a script tag: the page's policy forbids those, which is as it should be.
  await page.evaluate(await readFile(axe, 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
    );
}

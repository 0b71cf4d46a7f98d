// The headless Chromium that draws the workbench.

import { randomBytes } from 'node:crypto';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const quiet = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Chromium. Playwright's own signal handlers are off: they would end this process before its clean-up. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    timeout: 180_000,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...quiet],
  });
}

/** A page ready to load the workbench. Secret storage asks for half a key, which the outer code-server would serve. */
export async function newWorkbenchPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const body = randomBytes(32);
  await page.route('**/mint-key', (route) => route.fulfill({ contentType: 'application/octet-stream', body }));
  return page;
}

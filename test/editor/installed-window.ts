// A VS Code window with an installed VSIX, as users have it (no test driver), drawn in headless Chromium for pictures.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { withCleanup } from '../../lab/src/core/cleanup.ts';
import { runOperation } from '../../lab/src/core/operation.ts';
import { launchBrowser, newWorkbenchPage } from './vscode-host/browser.ts';
import { installStandIn, type StandIn } from './vscode-host/install-stand-in.ts';
import { startVscodeServer } from './vscode-host/vscode-server.ts';

export type InstalledWindow = {
  page: Page;
  /** The folder that the window has open. */
  folder: string;
  /** Chooses a command in the palette, by its full title. */
  command: (title: string) => Promise<void>;
  /** Types into the quick input that is open, and accepts. */
  answer: (text: string) => Promise<void>;
  /** Writes a PNG, twice as dense as the window. */
  shoot: (name: string) => Promise<void>;
};

/** Those that pictures are taken in, by the name of their directory. */
export const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  contrast: 'Default High Contrast',
};

export type WindowOptions = {
  vsix: string;
  theme: string;
  /** Directory for pictures. */
  out: string;
};

/** Opens the window for the time of `body`. */
export async function withInstalledWindow(
  { vsix, theme, out }: WindowOptions,
  body: (window: InstalledWindow) => Promise<void>,
): Promise<void> {
  const scope = new AbortController();
  const { signal } = scope;
  const standIn = await runOperation({ name: 'VS Code', signal, emit: () => undefined }, installStandIn);
  await withCleanup(async (defer) => {
    const scratch = mkdtempSync(join(tmpdir(), 'lpl-window-'));
    defer('scratch directory', () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
    const { folder, ...directories } = furnish(scratch, theme);
    mkdirSync(out, { recursive: true });
    installVsix(standIn, directories, vsix);
    const server = await startVscodeServer({ standIn, ...directories, flags: [], signal, onLine: () => undefined });
    defer('server', async () => {
      scope.abort();
      await server.ended;
    });
    const browser = await launchBrowser(standIn.chromium);
    defer('browser', () => browser.close());
    const colorScheme = theme.includes('Light') ? 'light' : 'dark';
    const page = await newWorkbenchPage(browser, { deviceScaleFactor: 2, colorScheme });
    await page.goto(`http://${server.authority}/?folder=${folder}`);
    await page.locator('.activitybar .action-label[aria-label^="Livepatch Lab"]').click({ timeout: 30_000 });
    // Icons say their names while the mouse is over them.
    await page.mouse.move(640, 700);
    const shoot = async (name: string) => void (await page.screenshot({ path: join(out, `${name}.png`) }));
    try {
      await body({
        page,
        folder,
        shoot,
        command: (title) => command(page, title),
        answer: (text) => answer(page, text),
      });
    } catch (error) {
      await shoot('failure');
      throw error;
    }
  });
}

type Directories = { userDataDir: string; extensionsDir: string };

/** Makes the directories of a window, with its settings. */
function furnish(scratch: string, theme: string): Directories & { folder: string } {
  const folder = join(scratch, 'workspace');
  const userDataDir = join(scratch, 'user');
  for (const directory of [folder, join(userDataDir, 'User')]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(userDataDir, 'User/settings.json'), JSON.stringify(settings(theme)));
  return { folder, userDataDir, extensionsDir: join(scratch, 'extensions') };
}

/** As a user would: `--install-extension`. */
export function installVsix(
  { node, server }: StandIn,
  { userDataDir, extensionsDir }: Directories,
  vsix: string,
): void {
  const flags = ['--accept-server-license-terms', '--server-data-dir', userDataDir, '--extensions-dir', extensionsDir];
  const argv = [join(server, 'out/server-main.js'), ...flags, '--install-extension', vsix];
  execFileSync(node, argv, { stdio: 'ignore' });
}

async function command(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget:visible input').waitFor();
  await page.keyboard.type(title);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

async function answer(page: Page, text: string): Promise<void> {
  // What is typed before the palette has gone is typed into the palette.
  await page.locator('.quick-input-widget:visible .quick-input-title:visible').waitFor();
  await page.locator('.quick-input-widget:visible input[type="text"]').fill(text);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first().click();
}

function settings(theme: string): Record<string, unknown> {
  return {
    'workbench.colorTheme': theme,
    'window.autoDetectColorScheme': false,
    'chat.disableAIFeatures': true,
    'workbench.startupEditor': 'none',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'extensions.ignoreRecommendations': true,
    'security.workspace.trust.enabled': false,
    'window.commandCenter': false,
    'editor.minimap.enabled': false,
    'editor.autoClosingComments': 'never',
    'breadcrumbs.enabled': false,
  };
}

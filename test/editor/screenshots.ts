// Pictures of the user interface for eyes to judge: the extension with the fake lab, packed and installed as users
// install it, driven by Playwright in dark, light and high contrast. `tsx test/editor/screenshots.ts` -> artifacts/screenshots.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { runOperation } from '../../lab/src/core/operation.ts';
import { packFakeExtension } from './fixtures/pack-fake-extension.ts';
import { scene } from './fixtures/screenshot-scene.ts';
import { launchBrowser, newWorkbenchPage } from './vscode-host/browser.ts';
import { installStandIn, type StandIn } from './vscode-host/install-stand-in.ts';
import { startVscodeServer } from './vscode-host/vscode-server.ts';

const out = join(import.meta.dirname, '../../artifacts/screenshots');
const themes = { dark: 'Default Dark Modern', light: 'Default Light Modern', contrast: 'Default High Contrast' };

const scope = new AbortController();
const signal = scope.signal;
const standIn = await runOperation({ name: 'screenshots', signal, emit: () => undefined }, installStandIn);
const vsix = await packVsix();
mkdirSync(out, { recursive: true });
const browser = await launchBrowser(standIn.chromium);
try {
  for (const [name, theme] of Object.entries(themes)) await photograph(name, theme);
} finally {
  scope.abort();
  await browser.close();
}

async function packVsix(): Promise<string> {
  const directory = await packFakeExtension();
  const path = join(directory, 'fake.vsix');
  const flags = ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', path];
  execFileSync(join(import.meta.dirname, '../../node_modules/.bin/vsce'), flags, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path;
}

async function photograph(name: string, theme: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'lpl-shots-'));
  const [userDataDir, extensionsDir, folder] = ['user', 'extensions', 'workspace'].map((part) =>
    join(scratch, part),
  ) as [string, string, string];
  mkdirSync(join(userDataDir, 'User'), { recursive: true });
  mkdirSync(folder);
  writeFileSync(join(userDataDir, 'User/settings.json'), JSON.stringify(settings(theme)));
  writeFileSync(join(folder, 'scenario.yaml'), 'schema: 1\n');
  install(standIn, userDataDir, extensionsDir);
  process.env['LPL_FAKE_SCENE'] = JSON.stringify(scene);
  const ended = new AbortController();
  const server = await startVscodeServer({
    standIn,
    userDataDir,
    extensionsDir,
    flags: [],
    signal: AbortSignal.any([signal, ended.signal]),
    onLine: () => undefined,
  });
  try {
    const page = await newWorkbenchPage(browser, 2);
    await page.goto(`http://${server.authority}/?folder=${folder}`);
    await playScenes(page, (shot) => page.screenshot({ path: join(out, `${shot}-${name}.png`) }));
    await page.close();
  } finally {
    ended.abort();
    await server.ended;
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What a user would do, with a picture at each step. */
async function playScenes(page: Page, shoot: (name: string) => Promise<unknown>): Promise<void> {
  await page.locator('.activitybar .action-label[aria-label^="Livepatch Lab"]').click({ timeout: 30_000 });
  const row = (text: string) => page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
  await row('web1').waitFor({ timeout: 30_000 });
  await row('web1').click();
  await row('edit_5c1d').waitFor();
  await row('web1').hover();
  await shoot('1-machines');
  await command(page, 'Livepatch: Open source of target');
  await page.locator('.quick-input-widget:visible input').fill('binfmt');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'binfmt_misc.c' }).first().waitFor();
  await shoot('2-open-source');
  await page.keyboard.press('Enter');
  await page.locator('.monaco-editor .view-line', { hasText: 'return count' }).first().click();
  await page.keyboard.press('End');
  await page.keyboard.type(' // edited');
  await command(page, 'Livepatch: Build and load from edited source');
  await page.locator('.squiggly-error').first().waitFor();
  await page.keyboard.press('F8');
  await page.locator('.marker-widget', { hasText: 'livepatch' }).first().waitFor();
  await shoot('3-refusal');
  await command(page, 'Livepatch: Show difference to pristine source');
  await page.locator('.monaco-diff-editor').first().waitFor();
  await shoot('4-difference');
}

async function command(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget:visible input').waitFor();
  await page.keyboard.type(title);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor();
  await page.keyboard.press('Enter');
}

function install({ node, server }: StandIn, userDataDir: string, extensionsDir: string): void {
  const flags = ['--accept-server-license-terms', '--server-data-dir', userDataDir, '--extensions-dir', extensionsDir];
  execFileSync(node, [join(server, 'out/server-main.js'), ...flags, '--install-extension', vsix], { stdio: 'ignore' });
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
  };
}

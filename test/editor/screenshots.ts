// Pictures of the user interface for eyes to judge: the extension with the fake lab, packed and installed as users
// install it, in dark, light and high contrast. `tsx test/editor/screenshots.ts` -> artifacts/screenshots.

import { join } from 'node:path';
import { packFakeVsix } from './fixtures/pack-fake-extension.ts';
import { scene } from './fixtures/screenshot-scene.ts';
import { type InstalledWindow, themes, withInstalledWindow } from './installed-window.ts';

const repository = join(import.meta.dirname, '../..');
const out = join(repository, 'artifacts/screenshots');

const vsix = await packFakeVsix();
process.env['LPL_FAKE_SCENE'] = JSON.stringify(scene);
for (const [name, theme] of Object.entries(themes))
  await withInstalledWindow({ vsix, theme, out: join(out, name) }, playScenes);

/** What a user would do, with a picture at each step. */
async function playScenes({ page, command, answer, shoot }: InstalledWindow): Promise<void> {
  const row = (text: string) => page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
  await row('web1').click({ timeout: 30_000 });
  await row('edit_5c1d').waitFor();
  await row('bm_register_write').waitFor();
  await row('web1').hover();
  await shoot('1-machines');
  await command('Livepatch: Open source of target');
  await answer('binfmt_misc.c');
  await page.locator('.monaco-editor .view-line', { hasText: 'return count' }).first().click();
  await page.keyboard.press('End');
  await page.keyboard.type(' // edited');
  await command('Livepatch: Build and load from edited source');
  await page.locator('.squiggly-error').first().waitFor();
  await page.keyboard.press('F8');
  await page.locator('.marker-widget', { hasText: 'livepatch' }).first().waitFor();
  await shoot('2-refusal');
  await command('Livepatch: Show difference to pristine source');
  await page.locator('.monaco-diff-editor').first().waitFor();
  await shoot('3-difference');
  await command('Livepatch: Show uptime');
  await page.frameLocator('iframe.webview.ready').frameLocator('#active-frame').locator('#answered').waitFor();
  await page.waitForTimeout(20_000);
  await shoot('4-uptime');
}

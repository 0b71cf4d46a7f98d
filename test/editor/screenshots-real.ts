// Pictures of the product at work: the VSIX, a real machine, a real kernel. What a user does, with the mouse and the
// keyboard only, in dark, light and high contrast (or the themes named). `npm run package && tsx test/editor/screenshots-real.ts
// [dark|light|contrast]` -> artifacts/screenshots/real. On a quiet machine: dark/3-live.png becomes .github/editor.png, and the
// small one beside it extension/media/editor.png.

import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../extension/package.json' with { type: 'json' };
import { openLab } from '../../lab/src/lab.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { type InstalledWindow, themes, withInstalledWindow } from './installed-window.ts';

const repository = join(import.meta.dirname, '../..');
const wanted = process.argv.slice(2);
const vsix = join(repository, 'extension', `${manifest.name}-${manifest.version}.vsix`);
const minute = 60_000;

const state = join(repository, 'artifacts/screenshots/state');
process.env['XDG_STATE_HOME'] = state;
for (const [name, theme] of Object.entries(themes)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const out = join(repository, 'artifacts/screenshots/real', name);
  await withInstalledWindow({ vsix, theme, out }, (window) => play(window, out)).finally(removeMachines);
}

async function removeMachines(): Promise<void> {
  const lab = openLab({
    paths: labPaths(),
    resources: { guest: '', profiles: '', kconfig: '', examples: '', selfcheck: '' },
  });
  const ctx = { signal: AbortSignal.timeout(minute), emit: () => undefined, stage: '' };
  for (const { name } of await lab.vmList(ctx)) await lab.vmRemove(name, ctx);
  // The next window begins without history.
  rmSync(state, { recursive: true, force: true });
}

async function play({ page, command, answer, shoot, folder }: InstalledWindow, out: string): Promise<void> {
  const row = (text: string) => page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
  const status = (text: string) => page.locator('.statusbar-item', { hasText: text }).first();
  await page.getByRole('button', { name: 'Start a machine', exact: true }).waitFor({ timeout: 30_000 });
  await row('6.12.').waitFor({ timeout: minute });
  await shoot('1-welcome');
  await page.getByRole('button', { name: 'Start a machine', exact: true }).click();
  await page
    .locator('.quick-input-list .monaco-list-row', { hasText: 'prepared' })
    .first()
    .waitFor({ timeout: minute });
  await shoot('2-targets');
  const newest = /6\.12\.\d+/.exec(await row('6.12.').innerText())?.[0] ?? '';
  await answer(`@${newest}`);
  await page.locator('.quick-input-widget:visible input[type="text"]').fill('web1');
  await page.keyboard.press('Enter');
  await status('web1 runs').waitFor({ timeout: minute });
  await row('web1').click();
  await row('no livepatch').waitFor({ timeout: minute });
  await row('web1').hover();
  await command('Livepatch: Open source of target');
  await answer('fs/proc/cmdline.c');
  await page.locator('.monaco-editor .view-line', { hasText: "seq_putc(m, '" }).first().click();
  await page.keyboard.press('Home');
  await page.keyboard.type('seq_puts(m, " livepatched");\n');
  await command('Livepatch: Show uptime');
  const dashboard = page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  await dashboard.locator('#lost.good').waitFor({ timeout: minute });
  await page.waitForTimeout(12_000);
  await page.locator('.tab', { hasText: 'cmdline.c' }).first().click();
  await command('Livepatch: Build and load from edited source');
  await status('live in web1').waitFor({ timeout: minute });
  await row('cmdline_proc_show').waitFor({ timeout: minute });
  await page.mouse.move(640, 700);
  await page.waitForTimeout(4_000);
  await shoot('3-live');
  await page.screenshot({ path: join(out, '3-live-small.png'), scale: 'css' });
  for (const part of ['greeting.yaml', 'cmdline-greeting.patch', 'cmdline-greeting.c'])
    copyFileSync(join(repository, 'lab/examples/security-fixes', part), join(folder, part));
  await command('File: Open File...');
  // What is typed before the folder is listed is lost.
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'greeting.yaml' }).click();
  await page.locator('.tab', { hasText: 'greeting.yaml' }).waitFor();
  await command('Livepatch: Run trial...');
  await page.locator('.notification-list-item-message', { hasText: 'Trial' }).waitFor({ timeout: minute });
  const report = page.frameLocator('iframe.webview.ready').last().frameLocator('#active-frame');
  await report.locator('.verdict').waitFor({ timeout: 3 * minute });
  await row('trial-').waitFor({ state: 'detached', timeout: 10_000 });
  await shoot('4-report');
}

// The uptime dashboard at twenty updates a second, in the window of a user: frames it drops, tasks that are long, and how soon
// it answers a key.

import type { Frame } from 'playwright-core';
import { packFakeVsix } from '../fixtures/pack-fake-extension.ts';
import { withInstalledWindow } from '../installed-window.ts';
import { scene } from '../fixtures/screenshot-scene.ts';

const watchedMs = 20_000;
const keys = 10;

export type DashboardFigures = {
  /** Longer than 50 ms each (W3C Long Tasks). */
  longTasks: number;
  longestTaskMs: number;
  updatesPerSecond: number;
  /** From a key to the next frame. */
  answerMs: number[];
};

type Watch = { updates: number; tasks: number[]; answers: number[] };

/** Opens the dashboard over the fake lab and watches it. `out`: directory for a picture of a failure. */
export async function watchDashboard(out: string): Promise<DashboardFigures> {
  process.env['LPL_FAKE_SCENE'] = JSON.stringify(scene);
  let figures: DashboardFigures | undefined;
  const options = { vsix: await packFakeVsix(), theme: 'Default Dark Modern', out };
  await withInstalledWindow(options, async ({ page, command }) => {
    await page.locator('.sidebar .monaco-list-row', { hasText: 'web1' }).first().click({ timeout: 120_000 });
    await command('Livepatch: Show uptime');
    const dashboard = page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await dashboard.locator('#lost.good').waitFor({ timeout: 120_000 });
    const frame = (await dashboard
      .locator('#lanes')
      .elementHandle()
      .then((each) => each?.ownerFrame())) as Frame;
    await frame.evaluate(watch);
    for (let key = 0; key < keys; key++) {
      await page.waitForTimeout(watchedMs / keys);
      await dashboard.locator('#lanes').press(key % 2 ? 'ArrowRight' : 'ArrowLeft');
    }
    const { updates, tasks, answers } = await frame.evaluate<Watch>('globalThis.watch');
    figures = {
      longTasks: tasks.length,
      longestTaskMs: Math.max(0, ...tasks),
      updatesPerSecond: updates / (watchedMs / 1000),
      answerMs: answers,
    };
  });
  if (!figures) throw new Error('the dashboard was not watched');
  return figures;
}

/** Runs in the page, which TypeScript does not know. */
const watch = `
  const seen = (globalThis.watch = { updates: 0, tasks: [], answers: [] });
  addEventListener('message', ({ data }) => { if (data.type === 'pulse') seen.updates += 1; });
  addEventListener('keydown', ({ timeStamp }) =>
    requestAnimationFrame(() => seen.answers.push(performance.now() - timeStamp)), true);
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ entryTypes: ['longtask'] });
  undefined;
`;

// What the editor costs: activation, the package, the dashboard, memory, and the loop from a save to a patched kernel.

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../extension/package.json' with { type: 'json' };
import type { Figure } from '../editor/bench/figures.ts';
import { watchDashboard } from '../editor/bench/dashboard.ts';
import { installVsix } from '../editor/installed-window.ts';
import { performRun, stopMachines, suiteEnvironment } from '../editor/runs.ts';
import { findVscode } from '../editor/vscode-host/find-vscode.ts';
import { installStandIn } from '../editor/vscode-host/install-stand-in.ts';
import { operate } from '../support/operation.ts';
import { type Bar, type Row, rowOf } from './measure.ts';

/** Of the figures that windows note, by their names: what is asked of them. */
const bars: Readonly<Record<string, Bar>> = {
  'activations in an unrelated workspace': '<= 0',
  'activation of the extension': '<= 50',
  'heap of the extension host: what hot patches 100 to 1000 add': '<= 5',
  'save to new behaviour in the guest': '<= 2500',
  'save to every task patched': '<= 3500',
};

const extension = join(import.meta.dirname, '../../extension');

/** `count`: saves with a real machine, and windows in which the extension is woken. */
export async function benchEditor(count: number): Promise<Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'lpl-bench-editor-'));
  const file = join(scratch, 'figures');
  try {
    writeFileSync(file, '');
    const windows = Array.from(
      { length: Math.min(count, 3) },
      () => ({ suite: 'activation', extension: 'real' }) as const,
    );
    const runs = [
      ...windows,
      { suite: 'memory', extension: 'fake' },
      { suite: 'hot-patch', extension: 'real' },
    ] as const;
    const host = await operate(findVscode);
    for (const { suite, extension: kind } of runs) {
      const env = { ...suiteEnvironment, LPL_BENCH_FILE: file, LPL_BENCH_COUNT: String(count) };
      const spec = { name: suite, suites: [`bench/${suite}.ts`], extension: kind, env, after: stopMachines };
      const lines: string[] = [];
      const base = { host, log: join(scratch, `${suite}.log`), onLine: (line: string) => void lines.push(line) };
      const { failed } = await performRun(spec, base);
      if (failed > 0) throw new Error(`${suite}: ${lines.join('\n')}`);
    }
    return [...rowsOf(file), ...(await packageRows(scratch)), ...(await dashboardRows(scratch))];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function rowsOf(file: string): Row[] {
  const figures = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Figure);
  const names = [...new Set(figures.map(({ name }) => name))];
  return names.map((name) => {
    const of = figures.filter((figure) => figure.name === name);
    return rowOf(
      name,
      of[0]?.unit ?? '',
      of.map(({ value }) => value),
      bars[name],
    );
  });
}

async function packageRows(scratch: string): Promise<Row[]> {
  const vsix = join(extension, `${manifest.name}-${manifest.version}.vsix`);
  const standIn = await operate(installStandIn);
  const directories = { userDataDir: join(scratch, 'user'), extensionsDir: join(scratch, 'extensions') };
  installVsix(standIn, directories, vsix);
  const id = `${manifest.publisher}.${manifest.name}-${manifest.version}`;
  const isInstalled = existsSync(join(directories.extensionsDir, id, 'package.json'));
  return [
    rowOf('size of the VSIX', 'kB', [statSync(vsix).size / 1000], '<= 1500'),
    rowOf('the VSIX is installed by --install-extension', 'times', [Number(isInstalled)], '>= 1'),
  ];
}

async function dashboardRows(scratch: string): Promise<Row[]> {
  const { updatesPerSecond, longTasks, longestTaskMs, answerMs } = await watchDashboard(scratch);
  return [
    rowOf('dashboard: updates a second', '/s', [updatesPerSecond], '>= 19'),
    rowOf('dashboard: tasks longer than 50 ms in 20 s', 'tasks', [longTasks], '<= 0'),
    rowOf('dashboard: longest of them', 'ms', [longestTaskMs]),
    rowOf('dashboard: from a key to the next frame', 'ms', answerMs, '<= 50'),
  ];
}

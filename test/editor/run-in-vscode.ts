// Runs bundled mocha suites in a VS Code window with an extension under development, and judges the run.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { eventLine } from '../../extension/src/operations/event-line.ts';
import { withCleanup } from '../../lab/src/core/cleanup.ts';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { openReportChannel, type SuiteResult } from './report-channel.ts';
import type { VscodeHost } from './vscode-host/find-vscode.ts';

export type SuiteRun = {
  host: VscodeHost;
  /** Directory with the manifest of the extension under development. */
  extension: string;
  /** Bundled entry that exports run() (suites/run-suites.ts). */
  entry: string;
  /** Bundled mocha files. */
  suites: readonly string[];
  settings?: Readonly<Record<string, unknown>>;
  env?: Readonly<Record<string, string>>;
  /** Leaves workspace trust on, so that the window opens untrusted. */
  keepWorkspaceTrust?: true;
  /** File for what VS Code itself says. */
  log: string;
  onLine: (line: string) => void;
};

/** Lines of a journal that a failed run shows. */
const journalEnd = 40;

const quietSettings = {
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'extensions.ignoreRecommendations': true,
};

/**
 * Runs the suites to their end. Rejects when VS Code reports a failure that no test explains, when the suite never said
 * its end (the extension host died, the window never opened), or when it ran no test at all.
 */
export async function runInVscode(run: SuiteRun): Promise<SuiteResult> {
  return withCleanup(async (defer) => {
    const scratch = await mkdtemp(join(tmpdir(), 'lpl-editor-'));
    defer('scratch directory', () => rm(scratch, { recursive: true, force: true, maxRetries: 5 }));
    const channel = await openReportChannel(run.onLine);
    defer('report channel', () => channel.close());
    const userDataDir = join(scratch, 'user');
    await mkdir(join(userDataDir, 'User'), { recursive: true });
    await mkdir(join(scratch, 'workspace'));
    await writeFile(join(userDataDir, 'User/settings.json'), JSON.stringify({ ...quietSettings, ...run.settings }));
    const failure = await runTests({
      vscodeExecutablePath: run.host.executable,
      extensionDevelopmentPath: run.extension,
      extensionTestsPath: run.entry,
      launchArgs: [
        join(scratch, 'workspace'),
        '--disable-extensions',
        ...(run.keepWorkspaceTrust ? ['--keep-workspace-trust'] : []),
        `--user-data-dir=${userDataDir}`,
        `--extensions-dir=${join(scratch, 'extensions')}`,
      ],
      extensionTestsEnv: {
        ...run.host.env,
        ...run.env,
        VSCODE_SHIM_LOG: run.log,
        LPL_REPORT_SOCKET: channel.path,
        LPL_SUITES: JSON.stringify(run.suites),
      },
    }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const result = await channel.result();
    const events = keepJournals(userDataDir, run.log);
    if (result?.failed) lastLines(events).forEach((line) => run.onLine(`  lab| ${line}`));
    return judge(result, failure, run.log);
  });
}

/** What the extension did, window after window: its journals, kept beside what VS Code said. */
function keepJournals(userDataDir: string, log: string): LabEvent[] {
  const names = readdirSync(userDataDir, { recursive: true, encoding: 'utf8' });
  const found = names.filter((name) => name.endsWith('livepatch-lab-vscode/events.ndjson')).sort();
  const text = found.map((name) => readFileSync(join(userDataDir, name), 'utf8')).join('');
  writeFileSync(log.replace(/\.log$/, '-events.ndjson'), text);
  return text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as LabEvent] : []));
}

/** The end of it, as the extension's log shows it: a test that failed says what it did not see, this says why. */
const lastLines = (events: readonly LabEvent[]) =>
  events.flatMap((event) => eventLine(event)?.split('\n') ?? []).slice(-journalEnd);

function judge(result: SuiteResult | undefined, failure: string | undefined, log: string): SuiteResult {
  if (!result) throw new Error(`the suite never said its end (VS Code: ${failure ?? 'exit code 0'}); see ${log}`);
  if (result.passed + result.failed === 0) throw new Error('the suite ran no test');
  if (failure && result.failed === 0)
    throw new Error(`VS Code failed although every test passed: ${failure}; see ${log}`);
  return result;
}

// Stands in for the desktop `code` binary under @vscode/test-electron: a real VS Code (its server and its workbench in
// headless Chromium) loads the extension and the suite in its Node extension host; we exit with the code it reports.
// VSCODE_SHIM: JSON of StandIn. VSCODE_SHIM_LOG: file for what the server and the workbench say.
// Exit code 0 proves nothing by itself: the workbench reports 0 also when the extension host died in mid-suite.

import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'node:util';
import { withCleanup } from '../../../lab/src/core/cleanup.ts';
import { launchBrowser, newWorkbenchPage } from './browser.ts';
import { parseCommandLine, type VscodeCommandLine } from './command-line.ts';
import type { StandIn } from './install-stand-in.ts';
import { startVscodeServer } from './vscode-server.ts';
import { workbenchUrl } from './workbench-url.ts';

/** Longer than any run takes; a window that hangs must not hang the tests. */
const deadlineMs = 20 * 60_000;

const stopped = new AbortController();
setTimeout(() => stopped.abort(new Error(`no end after ${deadlineMs / 60_000} minutes`)), deadlineMs).unref();
// Our stdin is a pipe of the test runner: its end is the runner's end, however that came.
process.stdin.resume().once('end', () => stopped.abort(new Error('the runner is gone')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stopped.abort(new Error(signal)));

const { VSCODE_SHIM, VSCODE_SHIM_LOG } = process.env;
if (!VSCODE_SHIM) throw new Error('VSCODE_SHIM is not set; run this through `npm run test:editor`');
const log = (line: string) => VSCODE_SHIM_LOG && appendFileSync(VSCODE_SHIM_LOG, `${line}\n`);
const exitCode = await runVscode(JSON.parse(VSCODE_SHIM) as StandIn, parseCommandLine(process.argv.slice(2))).catch(
  (error: unknown) => {
    console.error(
      `vscode-shim: ${stopped.signal.aborted ? 'stopped by ' + String(stopped.signal.reason) : String(error)}`,
    );
    return stopped.signal.aborted ? 130 : 1;
  },
);
process.exit(exitCode);

/** Runs one VS Code window until it ends by itself, something of it dies, or a signal stops us. */
async function runVscode(standIn: StandIn, options: VscodeCommandLine): Promise<number> {
  return withCleanup(async (defer) => {
    const temporary = await mkdtemp(join(tmpdir(), 'vscode-shim-'));
    defer('temporary directory', () => rm(temporary, { recursive: true, force: true, maxRetries: 5 }));
    const serverScope = new AbortController();
    const server = await startVscodeServer({
      standIn,
      userDataDir: options.userDataDir ?? join(temporary, 'user-data'),
      extensionsDir: options.extensionsDir ?? join(temporary, 'extensions'),
      flags: ['--enable-smoke-test-driver', ...(options.workspaceTrust ? [] : ['--disable-workspace-trust'])],
      signal: AbortSignal.any([stopped.signal, serverScope.signal]),
      onLine: (line) => log(`[server] ${line}`),
    });
    defer('server', async () => {
      serverScope.abort();
      await server.ended;
    });
    const browser = await launchBrowser(standIn.chromium);
    defer('browser', () => browser.close());
    const page = await newWorkbenchPage(browser);
    // The hooks that VS Code's browser workbench calls when it runs extension tests.
    await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) =>
      log(`[${type}] ${format(...args)}`),
    );
    const reported = new Promise<number>(
      (resolve) => void page.exposeFunction('codeAutomationExit', (code: unknown) => resolve(Number(code))),
    );
    const ends: Promise<number>[] = [
      reported,
      server.ended.then(() => fail('the server ended before the window did')),
      new Promise((_, reject) => page.on('crash', () => reject(new Error('the workbench page crashed')))),
      new Promise((_, reject) =>
        stopped.signal.addEventListener('abort', () => reject(stopped.signal.reason as Error)),
      ),
    ];
    await page.goto(workbenchUrl(server.authority, options), { waitUntil: 'commit', timeout: 180_000 });
    return Promise.race(ends);
  });
}

function fail(message: string): never {
  throw new Error(message);
}

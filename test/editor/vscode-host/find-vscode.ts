// Which VS Code runs the editor suites: the one named by LPL_VSCODE, else a download where there is a display and a
// network for it, else the stand-in. One of them, or an error; never a skipped suite.

import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { type OpContext, runStage } from '../../../lab/src/core/operation.ts';
import { withDeadline } from '../../../lab/src/core/wait.ts';
import { installStandIn } from './install-stand-in.ts';

export type VscodeHost = {
  kind: 'given' | 'downloaded' | 'stand-in';
  /** For `runTests({ vscodeExecutablePath })`. */
  executable: string;
  /** Environment the executable needs. */
  env: Readonly<Record<string, string>>;
};

const downloadMs = 180_000;
const silenceMs = 8_000;

/** Finds a VS Code, installing the stand-in if need be. Throws `host.missing-tool` when there is none to be had. */
export async function findVscode(ctx: OpContext): Promise<VscodeHost> {
  const given = process.env['LPL_VSCODE'];
  if (given) return { kind: 'given', executable: given, env: {} };
  const downloaded = await runStage(ctx, { id: 'download', title: 'Desktop VS Code' }, async (stage) => {
    if (!process.env['DISPLAY']) return void stage.note('no display');
    stage.waiting('download');
    const download = downloadAndUnzipVSCode({ timeout: silenceMs });
    return withDeadline(download, 'download of VS Code', downloadMs).catch(
      (error: unknown) => void stage.note(String(error)),
    );
  });
  if (downloaded) return { kind: 'downloaded', executable: downloaded, env: {} };
  const standIn = await installStandIn(ctx);
  return {
    kind: 'stand-in',
    executable: new URL('vscode-shim.mjs', import.meta.url).pathname,
    env: { VSCODE_SHIM: JSON.stringify(standIn) },
  };
}

// What the kernel's own scripts/checkpatch.pl says of a patch and its message: that of the target's source, on the host's
// perl, in a sandbox that reads nothing but that source.

import { join } from 'node:path';
import { runCommand } from '../core/process.ts';
import { inToolroot, type Toolroot } from '../toolroot/sandbox.ts';

/** `type`: checkpatch's name of it. `line`: in the patch, 1-based. */
export type PatchFinding = { level: 'error' | 'warning' | 'info'; type: string; line: number; message: string };

const levels = { ERROR: 'error', WARNING: 'warning', CHECK: 'info' } as const;

/** The host itself: perl is an essential package of Debian and stands in no toolroot. */
const hostRoot: Toolroot = { path: '', compiler: '' };

/** In the order of the patch. Rejects with `command.failed` when checkpatch cannot run. */
export async function checkPatch(patch: string, source: string, signal: AbortSignal): Promise<PatchFinding[]> {
  const options = [`--root=${source}`, '--terse', '--show-types', '--no-summary', '--color=never'];
  const argv = ['perl', join(source, 'scripts/checkpatch.pl'), ...options, '-'] as const;
  const sandbox = { toolroot: hostRoot, binds: [{ host: source, access: 'read' as const }], cwd: '/tmp' };
  const { stdout } = await runCommand(inToolroot({ argv, stdin: patch, okCodes: [0, 1] }, sandbox), { signal });
  return stdout.split('\n').flatMap(readFinding);
}

function readFinding(line: string): PatchFinding[] {
  const found = /^[^:]*:(\d+): (ERROR|WARNING|CHECK):([A-Z0-9_]+): (.*)$/.exec(line);
  if (!found) return [];
  const [, at, level, type = '', message = ''] = found;
  return [{ level: levels[level as keyof typeof levels], type, line: Number(at), message }];
}

// The patch that a directory is: the difference of its files to the pristine source at the same paths.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eachLimited } from '../core/each-limited.ts';
import { LabError } from '../core/error.ts';
import { runCommand } from '../core/process.ts';

/** What a patch can be about; everything else in a work tree is output of a build, or of an editor. */
const isSource = (path: string) =>
  /\.[chS]$/.test(path) && !/\.mod\.c$|(^|\/)(generated|config)\/|^(scripts|tools|Documentation)\//.test(path);

/**
 * Unified diff with a/ and b/ prefixes; '' when nothing differs. The directory may hold a whole tree or only the edited
 * files. Files that the source lacks count only in a directory nobody has built in. Throws `patch.invalid`.
 */
export async function directoryPatch(directory: string, source: string, signal: AbortSignal): Promise<string> {
  const names = await readdir(directory, { recursive: true }).catch((error: unknown) => {
    throw new LabError('patch.invalid', `${directory} cannot be read`, {
      cause: error,
      hint: 'give a directory with edited files at their paths in the kernel tree',
    });
  });
  const isBuilt = names.includes('.config');
  const diffs = new Map<string, string>();
  await eachLimited(names.filter(isSource).sort(), 16, async (path) => {
    signal.throwIfAborted();
    const [after, before] = await Promise.all([read(join(directory, path)), read(join(source, path))]);
    if (after === undefined || (before === undefined ? isBuilt : before.equals(after))) return;
    const labels = [before ? `a/${path}` : '/dev/null', `b/${path}`].flatMap((label) => ['--label', label]);
    const files = [before ? join(source, path) : '/dev/null', join(directory, path)];
    const argv = ['diff', '-up', ...labels, '--', ...files] as const;
    diffs.set(path, (await runCommand({ argv, okCodes: [0, 1] }, { signal })).stdout);
  });
  return [...diffs.keys()]
    .sort()
    .map((path) => diffs.get(path))
    .join('');
}

/** undefined for a directory, or when there is no such file. */
const read = (path: string) =>
  readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });

// Fetches Debian packages through a package view, with byte counts, hashes checked by apt.

import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../core/command.ts';
import { isLabError, LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { PackageView } from './package-view.ts';

/** One file of the mirror; `package` is `name=version`. */
export type PackageFile = { fileName: string; sizeBytes: number };

/**
 * The files apt would fetch: with `dependencies`, all that an empty system needs to install them; else just those.
 * Throws `packages.unavailable` naming what apt could not find.
 */
export async function resolvePackages(
  ctx: StageContext,
  view: PackageView,
  packages: readonly string[],
  dependencies: 'with-dependencies' | 'alone',
): Promise<PackageFile[]> {
  const verb = dependencies === 'alone' ? ['download'] : ['--yes', 'install'];
  const command: Command<PackageFile[]> = view.apt({
    argv: ['apt-get', '--print-uris', '-qq', ...verb, ...packages],
    parse: ({ stdout }) => parsePrintUris(stdout),
  });
  try {
    return await runCommand(command, { signal: ctx.signal });
  } catch (error) {
    if (!isLabError(error, 'command.failed')) throw error;
    const said = /E: (.*)/.exec(String(error.details['stderr']))?.[1] ?? error.message;
    throw new LabError('packages.unavailable', `packages of ${view.suite}: ${said}`, {
      cause: error,
      hint: 'the mirror has no such version (any more); `lpl target ls` shows what it has',
    });
  }
}

/** Lines of `apt-get --print-uris`: 'URI' FILE SIZE HASH. */
export function parsePrintUris(stdout: string): PackageFile[] {
  return [...stdout.matchAll(/^'[^']*' (\S+) (\d+)/gm)].map((match) => ({
    fileName: match[1] as string,
    sizeBytes: Number(match[2]),
  }));
}

/** Downloads into `directory`, in parallel connections as apt sees fit, and returns the paths of the .deb files. */
export async function fetchPackages(
  ctx: StageContext,
  view: PackageView,
  packages: readonly string[],
  dependencies: 'with-dependencies' | 'alone',
  directory: string,
): Promise<string[]> {
  const files = await resolvePackages(ctx, view, packages, dependencies);
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  await mkdir(join(directory, 'partial'), { recursive: true });
  const argv =
    dependencies === 'alone'
      ? (['apt-get', '-qq', 'download', ...packages] as const)
      : ([
          'apt-get',
          '-qq',
          '--yes',
          '--download-only',
          '-o',
          `Dir::Cache::archives=${directory}`,
          'install',
          ...packages,
        ] as const);
  ctx.waiting(`${files.length} packages from the mirror`);
  const timer = setInterval(() => void report(), 250);
  const report = async () => ctx.progress(await directorySizeBytes(directory), totalBytes, 'bytes');
  try {
    await runCommand({ ...view.apt({ argv }), cwd: directory }, { signal: ctx.signal, timeoutMs: 30 * 60_000 });
  } finally {
    clearInterval(timer);
  }
  return (await readdir(directory)).filter((name) => name.endsWith('.deb')).map((name) => join(directory, name));
}

async function directorySizeBytes(directory: string): Promise<number> {
  let sizeBytes = 0;
  for (const entry of await readdir(directory, { recursive: true }).catch(() => []))
    sizeBytes += await stat(join(directory, entry)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    );
  return sizeBytes;
}

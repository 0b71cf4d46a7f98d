// Where a developer edits the source of a target: a directory of this extension that mirrors the kernel tree and holds
// only the files they opened. The pristine source is never written to; the patch is the difference between the two.
//
//   STORAGE/worktrees/SLUG/target.json    whose source this is
//   STORAGE/worktrees/SLUG/source/...     edited files, at their paths in the kernel tree
//   STORAGE/worktrees/SLUG/edited.patch   the difference, as last built

import { createHash } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** `pristine`: absolute path of the untouched kernel source. */
export type WorktreeTarget = { name: string; release: string; pristine: string };

export type Worktree = {
  target: WorktreeTarget;
  directory: string;
  /** Absolute path below which the edited files mirror the kernel tree. */
  source: string;
};

/** The work tree of a target, made on first use. */
export async function ensureWorktree(storage: string, target: WorktreeTarget): Promise<Worktree> {
  const directory = join(storage, 'worktrees', slugOf(target.name));
  const source = join(directory, 'source');
  await mkdir(source, { recursive: true });
  await writeFile(join(directory, 'target.json'), `${JSON.stringify({ schema: 1, ...target }, null, 2)}\n`);
  return { target, directory, source };
}

/** Different for different targets: paths of build trees may have dashes of their own. */
function slugOf(name: string): string {
  const slug = name.replace(/[^A-Za-z0-9._+-]+/g, '-');
  if (!name.startsWith('tree:')) return slug;
  return `${slug.slice(-100)}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

/** All work trees. */
export async function listWorktrees(storage: string): Promise<Worktree[]> {
  const root = join(storage, 'worktrees');
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(names.map((name) => readWorktree(join(root, name))));
  return found.filter((worktree) => worktree !== undefined);
}

/** The work tree that holds the file, if one does. */
export async function findWorktree(storage: string, path: string): Promise<Worktree | undefined> {
  return (await listWorktrees(storage)).find(({ source }) => path.startsWith(source + sep));
}

/** Copies a file (path in the kernel tree) out for editing, unless it is there already. Returns its absolute path. */
export async function checkOut({ source, target }: Worktree, file: string): Promise<string> {
  const path = join(source, file);
  if (!path.startsWith(source + sep)) throw new Error(`${file} is outside the kernel tree`);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(join(target.pristine, file), path, constants.COPYFILE_EXCL).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return path;
}

/** Paths in the kernel tree of the files that were taken out, sorted. */
export async function checkedOutFiles({ source }: Worktree): Promise<string[]> {
  const entries: Dirent[] = await readdir(source, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
    .sort();
}

async function readWorktree(directory: string): Promise<Worktree | undefined> {
  const text = await readFile(join(directory, 'target.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { name, release, pristine } = JSON.parse(text) as WorktreeTarget;
  return { target: { name, release, pristine }, directory, source: join(directory, 'source') };
}

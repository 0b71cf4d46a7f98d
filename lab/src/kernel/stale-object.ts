// Whether a build tree is older than its source: then what runs is not what a patch would be compared with. The whole source
// is looked through (0.3 s for a kernel); kbuild's own records tell which object a newer file belongs to.

import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { OpContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { OwnTree } from './own-tree.ts';

export type StaleObject = {
  /** Path in the source tree, as is `object` in the build tree. */
  source: string;
  object: string;
};

type Tree = Pick<OwnTree, 'source' | 'buildTree'>;

/** An object that is older than a file it was made of; undefined when there is none. */
export async function findStaleObject(ctx: OpContext, tree: Tree): Promise<StaleObject | undefined> {
  const newer = await newerThanVmlinux(ctx, tree);
  if (newer.length === 0) return undefined;
  // A module is built later than vmlinux, and most of a source tree is not built at all: only the records can tell.
  const argv = ['grep', '-rlF', '--include=.*.o.cmd', '-f', '-', tree.buildTree] as const;
  const grep = { argv, stdin: newer.join('\n'), okCodes: [0, 1, 2] };
  const { stdout } = await runCommand(grep, { signal: ctx.signal });
  for (const record of stdout.split('\n').filter(Boolean)) {
    const object = relative(tree.buildTree, record).replace(/(^|\/)\.([^/]+)\.cmd$/, '$1$2');
    const source = await newestThan(tree, object);
    if (source !== undefined) return { source, object };
  }
  return undefined;
}

/** A file that the object was made of and is newer than it, as kbuild recorded them; undefined when there is none. */
export async function newestThan({ source, buildTree }: Tree, object: string): Promise<string | undefined> {
  const record = join(buildTree, object).replace(/([^/]+)$/, '.$1.cmd');
  const [text, made] = await Promise.all([readFile(record, 'utf8'), timeOf(join(buildTree, object))]);
  for (const file of recordedFiles(text)) {
    const path = isAbsolute(file) ? file : join(buildTree, file);
    if ((await timeOf(path)) > made) return path.startsWith(`${source}/`) ? relative(source, path) : path;
  }
  return undefined;
}

/** What fixdep recorded (scripts/basic/fixdep.c): the source, and its headers without the `$(wildcard include/config/...)`. */
export function recordedFiles(record: string): string[] {
  const source = /^source_\S+ := (\S+)$/m.exec(record)?.[1];
  const block = /^deps_\S+ := \\\n((?:.*\\\n)*)/m.exec(record)?.[1] ?? '';
  const headers = block.split('\n').map((line) => line.replace(/\\$/, '').trim());
  return [...(source ? [source] : []), ...headers.filter((line) => line !== '' && !line.startsWith('$('))];
}

/** A file that is gone was none of the build's any more. */
const timeOf = async (path: string) => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;

async function newerThanVmlinux(ctx: OpContext, { source, buildTree }: Tree): Promise<string[]> {
  const at = (path: string) => ['-o', '-path', join(source, path)];
  const pruned = [
    ...['-name', '.git', ...['Documentation', 'samples', 'tools', 'scripts', 'rust'].flatMap(at)],
    // What the build makes: it is newer by its nature.
    ...[...['include/generated', 'include/config', 'arch/*/include/generated', 'arch/x86/boot'].flatMap(at)],
    ...(buildTree.startsWith(`${source}/`) ? ['-o', '-path', buildTree] : []),
  ];
  const named = ['(', '-name', '*.[chS]', '!', '-name', '*.mod.c', ')'];
  const newer = ['-newer', join(buildTree, 'vmlinux'), '-print'];
  const argv = ['find', source, '(', ...pruned, ')', '-prune', '-o', '-type', 'f', ...named, ...newer] as const;
  const { stdout } = await runCommand({ argv: argv }, { signal: ctx.signal });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((path) => relative(source, path));
}

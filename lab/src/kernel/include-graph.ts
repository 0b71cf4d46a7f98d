// Who includes whom in a kernel tree, read from the text of its files. In doubt a file counts as included: conditions are
// not looked at, and a name that no search path explains means every header of that name.

import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { eachLimited } from '../core/each-limited.ts';

/** By path of a file: the files that include it. */
export type IncludeGraph = ReadonlyMap<string, readonly string[]>;

/** LINUXINCLUDE of the top Makefile, in its order; they are searched before what a directory's Makefile adds. */
const searchPath = [
  'arch/x86/include',
  'arch/x86/include/generated',
  'include',
  'arch/x86/include/uapi',
  'arch/x86/include/generated/uapi',
  'include/uapi',
  'include/generated/uapi',
];

/** What the compiler is told to include first (the top Makefile again). */
const everywhere = ['include/linux/compiler-version.h', 'include/linux/kconfig.h', 'include/linux/compiler_types.h'];

const generated = ['arch/x86/include/generated', 'include/generated'];

/** Also the names of headers that a macro stands for: `#define GENL_MAGIC_INCLUDE_FILE <linux/drbd_genl.h>`. */
const include = /^[ \t]*#[ \t]*(?:include(?:_next)?|define[ \t]+\w+)[ \t]+(?:"([^"\n]+\.[hc])"|<([^>\n]+\.[hc])>)/gm;

/** Reads the files of `units` and whatever they include, each once (2 s for the 5,000 units of a distribution's kernel). */
export async function scanIncludes(
  { source, buildTree }: { source: string; buildTree: string },
  units: readonly string[],
  signal: AbortSignal,
): Promise<IncludeGraph> {
  const resolve = resolver(await headersOf({ source, buildTree }));
  const includers = new Map<string, string[]>();
  const read = async (file: string) => {
    signal.throwIfAborted();
    const root = generated.some((directory) => file.startsWith(`${directory}/`)) ? buildTree : source;
    // What has no C source is assembly.
    const text = await readFile(join(root, file), 'latin1').catch(() => '');
    return new Set([...text.matchAll(include)].flatMap(([, own, system]) => resolve(file, own ?? system ?? '', !!own)));
  };
  const known = new Set([...units, ...everywhere]);
  for (let next = [...known]; next.length > 0;) {
    const found: string[] = [];
    await eachLimited(next, 32, async (file) => {
      for (const each of await read(file)) {
        includers.set(each, [...(includers.get(each) ?? []), file]);
        if (!known.has(each)) found.push(each);
        known.add(each);
      }
    });
    next = found;
  }
  for (const each of everywhere) includers.set(each, [...(includers.get(each) ?? []), ...units]);
  return includers;
}

/** All files that come to include one of the given ones, over any number of steps. */
export function includersOf(graph: IncludeGraph, files: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const queue = [...files]; queue.length > 0;)
    for (const file of graph.get(queue.pop() ?? '') ?? []) {
      if (!found.has(file)) queue.push(file);
      found.add(file);
    }
  return found;
}

/** Headers that code of this architecture can include. */
async function headersOf({ source, buildTree }: { source: string; buildTree: string }): Promise<Set<string>> {
  const isHeader = (path: string) =>
    path.endsWith('.h') && !/^(arch\/(?!x86\/)|tools\/|Documentation\/|samples\/|scripts\/)/.test(path);
  const below = async (root: string, directory: string) =>
    (await readdir(join(root, directory), { recursive: true }).catch(() => [])).map((name) => join(directory, name));
  const all = await Promise.all([below(source, '.'), ...generated.map((directory) => below(buildTree, directory))]);
  return new Set(all.flat().filter(isHeader));
}

/** From what an #include says, and where, to the files it can mean. */
function resolver(headers: ReadonlySet<string>) {
  const byName = new Map<string, string[]>();
  for (const path of headers) byName.set(basename(path), [...(byName.get(basename(path)) ?? []), path]);
  return (from: string, name: string, isQuoted: boolean): string[] => {
    const beside = normalize(join(dirname(from), name));
    if (isQuoted && (headers.has(beside) || name.endsWith('.c'))) return [beside];
    const found = searchPath.map((directory) => join(directory, name)).find((path) => headers.has(path));
    // The header it is told to go on from may be any of them.
    if (found && basename(found) !== basename(from)) return [found];
    const tail = `/${normalize(name).replace(/^(\.\.\/)+/, '')}`;
    return (byName.get(basename(name)) ?? []).filter((path) => `/${path}`.endsWith(tail));
  };
}

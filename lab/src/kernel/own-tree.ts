// The developer's own build tree as a target: what there is in it, and whether a guest can boot it at all. Only ever read.
// In-tree or O= makes no difference: what is built lies in the directory that holds .config.

import { lstat, open, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../core/error.ts';
import { checkGuestConfig } from './guest-config.ts';
import { readKernelConfig } from './kernel-config.ts';

/** A file of the tree, as it is now; a rebuild changes it. */
export type TreeFile = { path: string; sizeBytes: number; mtimeMs: number };

export type OwnTree = {
  /** Absolute. */
  path: string;
  /** `tree:PATH`. */
  name: string;
  /** The path without symbolic links, as kbuild records it. */
  buildTree: string;
  /** Where its source is; the same directory when it is built in its source. */
  source: string;
  /** What it is configured as. */
  config: ReadonlyMap<string, string>;
  /** `uname -r` of the image. */
  release: string;
  image: TreeFile;
  /** Paths relative to the tree, ending in .ko, in the order of modules.order. */
  modules: TreeFile[];
  /** What a guest of this kernel will lack; one line each. */
  warnings: string[];
};

/** boot.rst lets the version lie anywhere in the real-mode part, which is smaller. */
const headBytes = 0x10200;

export const imagePath = 'arch/x86/boot/bzImage';

/**
 * Looks at the tree. Throws `kernel.unknown` when there is none at `path`, `kernel.unsupported` when it is not configured, not
 * for x86-64, lacks what a guest needs, or is not built (completely), with what to do.
 */
export async function readOwnTree(path: string): Promise<OwnTree> {
  const name = `tree:${path}`;
  const config = await readConfig(path, name);
  const isOutput = (await lstat(join(path, 'source')).catch(() => undefined))?.isSymbolicLink() ?? false;
  const warnings = checkGuestConfig(config, { path, source: isOutput ? 'source' : '' });
  const release = (await readText(join(path, 'include/config/kernel.release')))?.trim();
  const image = await treeFile(path, imagePath);
  if (!release || !image) throw notBuilt(path, `${imagePath} is missing`);
  const built = await imageRelease(join(path, imagePath));
  if (!built) throw notBuilt(path, `${imagePath} is no kernel image`);
  if (built !== release) throw notBuilt(path, `${imagePath} is ${built}, the tree has become ${release}`);
  const modules = config.get('MODULES') === 'y' ? await builtModules(path) : [];
  const buildTree = await realpath(path);
  const source = isOutput ? await realpath(join(path, 'source')).catch(() => join(path, 'source')) : buildTree;
  return { path, name, buildTree, source, config, release, image, modules, warnings };
}

async function readConfig(path: string, name: string): Promise<Map<string, string>> {
  if (!(await stat(path).catch(() => undefined))?.isDirectory())
    throw new LabError('kernel.unknown', `${name}: there is no such directory`, {
      hint: 'write tree:PATH with the directory that holds .config',
    });
  const text = await readText(join(path, '.config'));
  if (text === undefined)
    throw new LabError('kernel.unsupported', `${name} has no .config`, {
      hint: 'name the directory that the kernel is built in (the O= one, if there is one), or configure this one',
    });
  return readKernelConfig(text);
}

async function builtModules(path: string): Promise<TreeFile[]> {
  const order = await readText(join(path, 'modules.order'));
  if (order === undefined) throw notBuilt(path, 'modules.order is missing');
  // From 6.3 on (scripts/Makefile.build) it lists objects.
  const names = order
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/\.o$/, '.ko'));
  const found = await Promise.all(names.map((name) => treeFile(path, name)));
  const missing = names.filter((_, index) => found[index] === undefined);
  if (missing.length > 0)
    throw notBuilt(
      path,
      `${missing.length} of ${names.length} modules ${missing.length === 1 ? 'is' : 'are'} missing, such as ${missing[0]}`,
    );
  return found.filter((file) => file !== undefined);
}

/** The tree at `path` has to be built, or built anew. */
export function notBuilt(path: string, why: string): LabError {
  return new LabError('kernel.unsupported', `tree:${path} is not built: ${why}`, {
    hint: `make -C ${path} bzImage modules`,
  });
}

async function treeFile(root: string, path: string): Promise<TreeFile | undefined> {
  const found = await stat(join(root, path)).catch(() => undefined);
  return found && { path, sizeBytes: found.size, mtimeMs: found.mtimeMs };
}

/** The release compiled into a bzImage: Documentation/arch/x86/boot.rst, kernel_version (a pointer less 0x200). */
async function imageRelease(path: string): Promise<string | undefined> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const head = buffer.subarray(0, bytesRead);
    if (head.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
    const at = head.readUInt16LE(0x20e) + 0x200;
    return head.toString('latin1', at, at + 200).split(/[ \0]/)[0];
  } finally {
    await file.close();
  }
}

function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

// Chooses the kernel's own modules that a guest needs before it can mount its modules disk, with everything they depend
// on, and unpacks them.

import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { LabError } from '../../core/error.ts';
import type { BootableKernel } from '../../kernel/target.ts';
import { type ModuleInfo, readModuleInfo } from './module-info.ts';

export type GuestModule = {
  name: string;
  /** below lib/modules/RELEASE, always ending in .ko */ path: string;
  content: Uint8Array;
} & ModuleInfo;

/** What every guest loads to reach its disks and the host; built in is as good. */
export const bootModules = ['virtio_pci', 'virtio_blk', 'virtio_net', 'ext4'];

/**
 * Loaded where the kernel has them. A kernel of one's own may lack what tells of panics and brings random numbers.
 * crc32c_generic: ext4 with checksums asks for it by alias, which `depends` does not tell (softdep); from 6.15 on it is a
 * library that ext4 depends on.
 */
export const optionalBootModules = ['virtio-rng', 'pvpanic-pci', 'crc32c_generic'];

/** `-` and `_` are one in module names. */
export const moduleKey = (name: string): string => name.replaceAll('-', '_');

/**
 * The named modules and their dependencies, dependencies first. Built-in ones are left out, and those of `optional` that
 * the kernel lacks. Throws `kernel.unsupported` for a name that the kernel has neither way. `scratch` is a directory to
 * unpack in; it is removed again.
 */
export async function readGuestModules(
  request: {
    kernel: BootableKernel;
    labRoot: string;
    names: readonly string[];
    optional: readonly string[];
    scratch: string;
  },
  ctx: StageContext,
): Promise<GuestModule[]> {
  const { kernel } = request;
  const [files, builtin] = await Promise.all([indexModules(kernel.modulesDir), indexBuiltin(kernel.modulesDir)]);
  const names = [...request.names, ...request.optional.filter((name) => files.has(moduleKey(name)))];
  const found = new Map<string, GuestModule>();
  await mkdir(request.scratch, { recursive: true });
  try {
    // Level by level, so that each level is one run of the unpacker.
    for (let wanted = names.map(moduleKey); wanted.length > 0;) {
      const level = wanted.filter((name) => !builtin.has(name) && !found.has(name));
      const loaded = await unpack({ ...request, files, wanted: level }, ctx);
      for (const module of loaded) found.set(moduleKey(module.name), module);
      wanted = [...new Set(loaded.flatMap((module) => module.depends.map(moduleKey)))];
    }
  } finally {
    await rm(request.scratch, { recursive: true, force: true });
  }
  return inLoadOrder(found);
}

/** modules.dep(5) and modules.alias for modprobe in the guest. `modules` stand in load order. */
export function writeModuleIndexes(modules: readonly GuestModule[]): { dep: string; alias: string } {
  const byKey = new Map(modules.map((module) => [moduleKey(module.name), module]));
  const closure = (module: GuestModule, into: Set<GuestModule>): Set<GuestModule> => {
    for (const name of module.depends) {
      const needed = byKey.get(moduleKey(name));
      if (needed && !into.has(needed)) closure(needed, into.add(needed));
    }
    return into;
  };
  const dep = modules.map((module) => {
    const needs = closure(module, new Set());
    // The whole closure; modprobe loads from the last to the first.
    const ordered = modules.filter((each) => needs.has(each)).reverse();
    return `${module.path}:${ordered.map(({ path }) => ` ${path}`).join('')}\n`;
  });
  const alias = modules.flatMap(({ name, aliases }) =>
    aliases.map((pattern) => `alias ${pattern} ${moduleKey(name)}\n`),
  );
  return { dep: dep.join(''), alias: alias.join('') };
}

async function unpack(
  request: { kernel: BootableKernel; labRoot: string; scratch: string; files: Map<string, string>; wanted: string[] },
  ctx: StageContext,
): Promise<GuestModule[]> {
  const { kernel, scratch, files, wanted } = request;
  const copies = await Promise.all(
    wanted.map(async (name) => {
      const file = files.get(name);
      if (!file)
        throw new LabError(
          'kernel.unsupported',
          `${kernel.name} has no module ${name}, neither loadable nor built in`,
          {
            hint: 'check the flavour of the target kernel',
          },
        );
      const copy = join(scratch, basename(file));
      await copyFile(join(kernel.modulesDir, file), copy);
      return { file, copy };
    }),
  );
  const packed = copies.map(({ copy }) => copy).filter((copy) => copy.endsWith('.xz'));
  if (packed.length > 0)
    await runCommand({ argv: [join(request.labRoot, 'usr/bin/busybox'), 'unxz', ...packed] }, { signal: ctx.signal });
  return Promise.all(
    copies.map(async ({ file, copy }) => {
      const path = file.replace(/\.xz$/, '');
      const content = await readFile(copy.replace(/\.xz$/, ''));
      return { name: basename(path, '.ko'), path, content, ...readModuleInfo(content) };
    }),
  );
}

function inLoadOrder(modules: ReadonlyMap<string, GuestModule>): GuestModule[] {
  const ordered = new Set<GuestModule>();
  const visit = (name: string) => {
    const module = modules.get(moduleKey(name));
    if (!module || ordered.has(module)) return;
    module.depends.forEach(visit);
    ordered.add(module);
  };
  [...modules.keys()].sort().forEach(visit);
  return [...ordered];
}

/** Key of every module file: its path below the modules directory. */
async function indexModules(modulesDir: string): Promise<Map<string, string>> {
  const files = await readdir(join(modulesDir, 'kernel'), { recursive: true });
  const modules = files.filter((file) => /\.ko(\.xz)?$/.test(file));
  return new Map(modules.map((file) => [moduleKey(basename(file).replace(/\.ko(\.xz)?$/, '')), `kernel/${file}`]));
}

async function indexBuiltin(modulesDir: string): Promise<Set<string>> {
  const lines = (await readFile(join(modulesDir, 'modules.builtin'), 'utf8')).split('\n').filter(Boolean);
  return new Set(lines.map((line) => moduleKey(basename(line, '.ko'))));
}

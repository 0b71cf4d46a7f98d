// Which objects the configuration of a kernel builds, and from which source: kbuild's own walk through its directories, with
// the compiling left out. Only kbuild knows: composite objects, sources of another directory, conditions in Makefiles.

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { z } from 'zod';
import { ensureArtefact } from '../core/artefact.ts';
import { eachLimited } from '../core/each-limited.ts';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { readJson, writeJson } from '../core/store.ts';
import { inToolroot } from '../toolroot/sandbox.ts';
import type { TargetKernel } from './target.ts';

export type ConfiguredObjects = {
  /** By path of the C source: the object's name for kbuild (`arch/x86/kvm/../../../virt/kvm/eventfd.o`). */
  objects: ReadonlyMap<string, string>;
  /** C files that are compiled as a part of others (kernel/sched/psi.c), by path: those that include it. */
  included: ReadonlyMap<string, readonly string[]>;
};

/**
 * Includes kbuild's makefile for one directory, writes down its objects and the directories below that kbuild would go to,
 * and goes there. Into a file for each: make 4.3 writes the text of $(info) and the end of its line one after the other, and
 * on a common output the lines of two makes run into each other now and then.
 */
const walk = `
ARCH_CORE := $(core-y)
ARCH_LIB := $(filter %/,$(libs-y))
ARCH_DRIVERS := $(drivers-y) $(drivers-m)
include $(srctree)/scripts/Makefile.build
lpl-objects := $(filter-out %/built-in.a %.a %/modules.order,$(real-obj-y) $(real-obj-m) $(lib-y))
lpl-below := $(addprefix lpl-,$(subdir-ym))
.PHONY: lpl-objects $(lpl-below)
lpl-objects: $(lpl-below)
	$(file >/lpl/out/$(subst /,!,$(obj)/),$(lpl-objects) | $(subdir-ym))@:
$(lpl-below): lpl-%:
	@$(MAKE) -f /lpl/walk.mk obj=$* need-builtin=1 need-modorder=1 lpl-objects
`;

/** Directories that no Kbuild file names but the top Makefile and that of the architecture, which exports them as ARCH_*. */
export const archLists = (makefile: string): string[] =>
  makefile.match(/^(?:core|drivers|libs)-(?:[ym]|\$\(CONFIG_\w+\))\s*[:+]?=.*$/gm) ?? [];

const file = z.object({
  schema: z.number(),
  objects: z.record(z.string(), z.string()),
  included: z.record(z.string(), z.array(z.string())),
});

type Given = Pick<TargetKernel, 'release' | 'source' | 'buildTree' | 'toolroot'>;

/** Path of the list, from the cache in `room` or walked now (5 s). Throws `kernel.unsupported` when kbuild's makefiles are not as we know them. */
export async function ensureConfiguredObjects(ctx: OpContext, room: string, given: Given): Promise<string> {
  const inputs = { buildTree: basename(given.buildTree), format: 5 };
  const title = 'what this configuration builds';
  const directory = await runStage(ctx, { id: 'objects', title }, (stage) =>
    ensureArtefact(stage, { room, label: `objects-${given.release}`, inputs }, async (out) => {
      const objects = await walkTree(stage.signal, given, out);
      stage.note(`${Object.keys(objects).length} objects`);
      const included = await findIncluded(given.source, Object.keys(objects));
      await writeJson(join(out, 'objects.json'), { objects, included });
    }),
  );
  return join(directory, 'objects.json');
}

/** Reads the list. */
export async function readConfiguredObjects(path: string): Promise<ConfiguredObjects> {
  const kept = await readJson(path, file);
  if (!kept) throw new LabError('state.corrupt', `${path} is missing`, { hint: 'prepare the target again' });
  return { objects: new Map(Object.entries(kept.objects)), included: new Map(Object.entries(kept.included)) };
}

/** In every kernel: by the walk itself, by $(BITS), and by ARCH_LIB, there in obj-y and in lib-y. */
const landmarks = ['kernel/fork.c', 'arch/x86/kernel/process_64.c', 'lib/string_helpers.c', 'lib/vsprintf.c'];

/** `scratch`: directory for the makefile and, as long as it takes, what that writes. */
async function walkTree(signal: AbortSignal, given: Given, scratch: string): Promise<Record<string, string>> {
  const { source, buildTree, toolroot } = given;
  const [makefile, told] = [join(scratch, 'walk.mk'), join(scratch, 'told')];
  const above = ['Makefile', 'arch/x86/Makefile'].map((path) => readFile(join(source, path), 'utf8'));
  const lists = (await Promise.all(above)).flatMap(archLists);
  const text = ['-include include/config/auto.conf', ...lists, walk].join('\n');
  await Promise.all([writeFile(makefile, text), mkdir(told)]);
  const binds = [
    { host: source, access: 'read' },
    { host: buildTree, access: 'read' },
    { host: makefile, inside: '/lpl/walk.mk', access: 'read' },
    { host: told, inside: '/lpl/out', access: 'write' },
  ] as const;
  const argv = [
    ...['make', '-rR', '-k', '-s', '-j2', '--no-print-directory', '-f', '/lpl/walk.mk'],
    // From 6.13 on the source of the modules has a name of its own.
    ...[
      `srctree=${source}`,
      `srcroot=${source}`,
      'objtree=.',
      `VPATH=${source}`,
      'ARCH=x86',
      'SRCARCH=x86',
      // Set by arch/x86/Makefile, and part of names: process_$(BITS).o.
      'BITS=64',
      'CC=gcc',
      'LD=ld',
    ],
    ...['KBUILD_BUILTIN=1', 'KBUILD_MODULES=1', 'obj=.', 'need-builtin=1', 'need-modorder=1', 'lpl-objects'],
  ] as const;
  // On stderr it regrets that it cannot make the directories for objects.
  const { stderr } = await runCommand(inToolroot({ argv }, { toolroot, binds, cwd: buildTree }), { signal });
  const { objects, untold } = readWalk(await readTexts(told));
  await rm(told, { recursive: true });
  if (untold.length > 0 || !landmarks.every((path) => path in objects))
    throw new LabError('kernel.unsupported', `kbuild of ${given.release} does not tell what it builds`, {
      details: { stderr, untold },
    });
  return objects;
}

async function readTexts(directory: string): Promise<Map<string, string>> {
  const names = await readdir(directory);
  const texts = names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')] as const);
  return new Map(await Promise.all(texts));
}

/** Source to object; an object that two directories build counts once. `untold`: directories of which nothing was told. */
export function readWalk(told: ReadonlyMap<string, string>): { objects: Record<string, string>; untold: string[] } {
  const objects: Record<string, string> = {};
  const untold: string[] = [];
  const visit = (directory: string) => {
    const text = told.get(`${directory}/`.replaceAll('/', '!'));
    if (text === undefined) return void untold.push(directory);
    const [own, below] = text.split('|').map((names) => names.split(/\s+/).filter(Boolean));
    for (const object of own ?? []) objects[normalize(object).replace(/\.o$/, '.c')] ??= object;
    below?.forEach(visit);
  };
  visit('.');
  return { objects, untold };
}

/** C files that the given ones include, each with those that do. */
export async function findIncluded(source: string, units: readonly string[]): Promise<Record<string, string[]>> {
  const included: Record<string, string[]> = {};
  await eachLimited(units, 16, async (unit) => {
    // What has no C source is assembly.
    const text = await readFile(join(source, unit), 'latin1').catch(() => '');
    for (const [, name = ''] of text.matchAll(/^#[ \t]*include[ \t]+"([^"]+\.c)"/gm))
      (included[normalize(join(dirname(unit), name))] ??= []).push(unit);
  });
  for (const units of Object.values(included)) units.sort();
  return included;
}

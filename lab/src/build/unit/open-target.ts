// The part of the target that a translation unit went into: vmlinux, or the module as the target ships it.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpContext } from '../../core/operation.ts';
import type { TargetKernel } from '../../kernel/target.ts';
import { unpackModule } from '../../kernel/vmlinux-image.ts';
import { type KbuildCommand, moduleOf } from '../compile/kbuild-command.ts';
import { type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import { readModule, readVmlinux, type TargetObject } from './target-object.ts';

export type OpenGiven = {
  /** Source of the unit, in the kernel tree. */
  path: string;
  command: KbuildCommand;
  /** Unpacked vmlinux. */
  image: string;
  /** Directory that gets `module.ko` of a unit that is part of a module. */
  out: string;
};

/** Refused when the unit is part of a module that the target does not ship. */
export async function openTarget(
  ctx: OpContext,
  kernel: Pick<TargetKernel, 'facts' | 'modulesDir' | 'tools'>,
  { path, command, image, out }: OpenGiven,
): Promise<TargetObject | Refused> {
  const name = moduleOf(command);
  if (name === undefined) return readVmlinux(kernel.facts.kallsyms, image);
  const shipped = await findModule(kernel.modulesDir, name);
  if (!shipped) return refused(reason('module-not-shipped', { file: path, object: name }));
  const module = join(out, 'module.ko');
  await unpackModule(ctx, { module: shipped, out: module, toolroot: kernel.tools });
  return readModule(name, module);
}

/** The shipped file of a module; file names use `-` or `_` at will, module names only `_`. */
export async function findModule(modulesDir: string, name: string): Promise<string | undefined> {
  const files = await readdir(modulesDir, { recursive: true });
  const isIt = (file: string) => /([^/]+)\.ko(\.\w+)?$/.exec(file)?.[1]?.replaceAll('-', '_') === name;
  const found = files.find(isIt);
  return found && join(modulesDir, found);
}

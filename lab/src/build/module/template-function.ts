// A function to be replaced, as the source of a target defines it: what its replacement in a template begins with.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import { readKernelConfig } from '../../kernel/kernel-config.ts';
import type { TargetKernel } from '../../kernel/target.ts';
import { unitObjects } from '../../kernel/unit-object.ts';
import { functionText } from '../../patch/function-text.ts';
import type { TemplateFunction } from './livepatch-template.ts';

/** `place`: FILE:FUNCTION, such as fs/proc/cmdline.c:cmdline_proc_show. Throws `usage.invalid`. */
export async function templateFunction(place: string, kernel: TargetKernel): Promise<TemplateFunction> {
  const [, path, name] = /^([\w./-]+\.c):(\w+)$/.exec(place) ?? [];
  const hint = 'write FILE:FUNCTION, for example fs/proc/cmdline.c:cmdline_proc_show';
  if (!path || !name || path.includes('..'))
    throw new LabError('usage.invalid', `${place} names no function`, { hint });
  const source = await readFile(join(kernel.source, path), 'latin1').catch(() => '');
  const text = functionText(source, name);
  if (text === '') throw new LabError('usage.invalid', `${path} of ${kernel.release} defines no ${name}()`, { hint });
  const brace = text.indexOf('\n{');
  const config = readKernelConfig(await readFile(join(kernel.buildTree, '.config'), 'utf8'));
  const object = await unitObjects(kernel.source, config)(path);
  return {
    name,
    head: text.slice(0, brace),
    body: text.slice(brace + '\n{\n'.length).replace(/\n?\}\s*$/, ''),
    includes: [...source.matchAll(/^#include <linux\/.*>$/gm)].map(([line]) => line),
    ...(object.kind === 'module' ? { object: object.name } : {}),
  };
}

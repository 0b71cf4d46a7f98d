// Runs objtool on one object, as a build without delayed objtool would. With IBT the kernel delays it to the link, where
// calls of a livepatch have no relocations any more: objtool then gives up with a warning, and the module has no ORC, no
// return sites and no call sites (stacks through it are unreliable).

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** objtool's flags for this configuration, from `objtool-args-$(CONFIG_X)` of the kernel's scripts/Makefile.lib. */
export function objtoolFlags(makefile: string, config: string): string[] {
  const values = new Map([...config.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  const needsMcount = values.has('CONFIG_FTRACE_MCOUNT_USE_OBJTOOL');
  return [...makefile.matchAll(/^objtool-args-\$\((CONFIG_\w+)\)\s*\+=\s*(\S+)/gm)]
    .filter(([, name]) => values.get(name) === 'y')
    .map(([, , flag]) => (flag ?? '').replace(/\$\((CONFIG_\w+)\)/g, (_, name: string) => values.get(name) ?? ''))
    .filter((flag) => flag !== '--mnop' || needsMcount);
}

/** The flags for one object at a time: without those that only make sense for the whole of vmlinux or a module. */
export const unitFlags = (flags: readonly string[]): string[] =>
  flags.filter((flag) => !/^--(ibt|cfi|fineibt)$/.test(flag));

/** The flags for the whole of vmlinux or a module, as kbuild has them when it delays objtool to the link. */
export const linkFlags = (flags: readonly string[]): string[] => [...flags, '--link'];

/** objtoolFlags of the bench's kernel. */
export async function readObjtoolFlags({ kernel }: Workbench): Promise<string[]> {
  const makefile = await readFile(join(kernel.source, 'scripts/Makefile.lib'), 'utf8');
  return objtoolFlags(makefile, await readFile(join(kernel.buildTree, '.config'), 'utf8'));
}

/** Processes `out/name` in place. Returns objtool's warnings, without the name of the object. */
export async function runObjtool(
  ctx: OpContext,
  bench: Workbench,
  given: { out: string; name: string; module: boolean; flags: readonly string[] },
): Promise<string[]> {
  const file = `${inside.out}/${given.name}`;
  const argv = ['tools/objtool/objtool', ...given.flags, ...(given.module ? ['--module'] : []), file] as const;
  const { stderr } = await runCommand(withToolchain(bench, { argv, out: given.out }), { signal: ctx.signal });
  return readObjtoolWarnings(stderr);
}

/** `OBJECT: warning: objtool: FUNCTION+0xOFFSET: TEXT`, the object and offsets left out: they differ with every build. */
export function readObjtoolWarnings(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => /warning|error/i.test(line))
    .map((line) => line.replace(/^.*?objtool: /, '').replace(/\+0x[0-9a-f]+/g, ''));
}

/** Reasons against the patched object: what objtool says about it and did not say about the original. */
export function newObjtoolReasons(
  unit: { path: string; objtoolWarnings: readonly string[] },
  warnings: readonly string[],
  lineOf: (name: string) => number | undefined,
): BuildReason[] {
  const news = warnings.filter((warning) => !unit.objtoolWarnings.includes(warning));
  return news.map((detail) => {
    const subject = /^([\w.]+)(?:\(\))?: /.exec(detail)?.[1];
    const place = subject === undefined ? {} : { function: subject, line: lineOf(subject) };
    return reason('objtool', { file: unit.path, ...place, detail });
  });
}

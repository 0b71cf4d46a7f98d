// The facade's verbs for the source of a target and what its kernel knows of the functions in it; part of lab.ts.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareTarget } from './build/prepare-target.ts';
import { memo } from './core/memo.ts';
import type { OpContext } from './core/operation.ts';
import { runCommand } from './core/process.ts';
import type { Site } from './core/site.ts';
import { parseKallsyms } from './kernel/kallsyms.ts';
import { findDefinition } from './patch/find-function.ts';

/** `copies`: functions of that name in vmlinux; `traced`: ftrace, and so a livepatch, can take its calls. */
export type FunctionFacts = { name: string; copies: number; traced: boolean };

/** `file`: path in the kernel tree; `line` is 1-based. */
export type FunctionPlace = { file: string; line: number };

type KnownFunctions = { copies: ReadonlyMap<string, number>; traced: ReadonlySet<string> };

export function sourceVerbs(site: Site) {
  const known = new Map<string, () => Promise<KnownFunctions>>();
  const kernelOf = async (target: string, ctx: OpContext) => (await prepareTarget(ctx, site, target)).kernel;

  return {
    /** What the running kernel of a target knows of functions; those it does not know are no functions of vmlinux. */
    functionFacts: async (
      { target, names }: { target: string; names: readonly string[] },
      ctx: OpContext,
    ): Promise<FunctionFacts[]> => {
      const read = known.get(target) ?? memo(async () => readFunctions((await kernelOf(target, ctx)).facts));
      known.set(target, read);
      const { copies, traced } = await read();
      return names.map((name) => ({ name, copies: copies.get(name) ?? 0, traced: traced.has(name) }));
    },

    /** Where the source of a target defines a function (about a second); undefined when that cannot be told. */
    findFunction: async (
      { target, name }: { target: string; name: string },
      ctx: OpContext,
    ): Promise<FunctionPlace | undefined> => {
      const { source } = await kernelOf(target, ctx);
      const word = name.replace(/^__(?:do|se)_sys_/, '').replace(/[^\w].*$/, '');
      const argv = ['grep', '-rlFw', '--include=*.c', '--', word, '.'] as const;
      const { stdout } = await runCommand({ argv, cwd: source, okCodes: [0, 1, 2] }, ctx);
      for (const file of stdout.split('\n').filter(Boolean).map(treePath).sort(coreFirst)) {
        const line = findDefinition(await readFile(join(source, file), 'utf8'), name.replace(/,\d+$/, ''));
        if (line !== undefined) return { file, line };
      }
      return undefined;
    },
  };
}

async function readFunctions(facts: { kallsyms: string; patchableFunctions: string }): Promise<KnownFunctions> {
  const [kallsyms, patchable] = await Promise.all([
    readFile(facts.kallsyms, 'utf8'),
    readFile(facts.patchableFunctions, 'utf8'),
  ]);
  const copies = new Map<string, number>();
  for (const { name, kind } of parseKallsyms(kallsyms).symbols)
    if (/[tTwW]/.test(kind)) copies.set(name, (copies.get(name) ?? 0) + 1);
  return { copies, traced: new Set(patchable.split('\n')) };
}

const treePath = (path: string) => path.replace(/^\.\//, '');

/** Other architectures, samples and tools have functions of the same names. */
function coreFirst(a: string, b: string): number {
  const rank = (path: string) =>
    path.startsWith('arch/x86/') ? 0 : /^(arch|tools|samples|scripts|Documentation)\//.test(path) ? 2 : 1;
  return rank(a) - rank(b) || a.localeCompare(b);
}

// What a livepatch can do about a function, from what the running kernel says of it. Free of vscode.

import type { FunctionFacts } from 'livepatch-lab';

export type FunctionVerdict = { patchable: boolean; title: string; why: string };

/** `release` without its flavour reads better over a line of code: 6.12.107. */
export function judgeFunction({ copies, traced }: FunctionFacts, release: string): FunctionVerdict {
  const version = /^[\d.]+/.exec(release)?.[0] ?? release;
  const no = (reason: string, why: string) => ({ patchable: false, title: `not patchable: ${reason}`, why });
  if (copies === 0)
    return no(
      'inline',
      `${version} has no function of that name: it was inlined into its callers, or not built. Patch its callers.`,
    );
  if (!traced) return no('not traced', `${version} has no ftrace entry for it (notrace, noinstr). Patch its callers.`);
  if (copies === 1)
    return {
      patchable: true,
      title: `patchable in ${version}`,
      why: 'It is traced, and the only function of that name.',
    };
  const why = `It is traced; ${copies} functions have that name, so the build proves which one is meant.`;
  return { patchable: true, title: `patchable in ${version}, ${copies} of that name`, why };
}

/** Whether any of them is in vmlinux; the functions of a module are not in its symbols, and nothing can be said. */
export function isBuiltIn(facts: readonly FunctionFacts[]): boolean {
  return facts.some(({ copies }) => copies > 0);
}

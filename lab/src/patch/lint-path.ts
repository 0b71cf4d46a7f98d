// Which files of a kernel tree a livepatch can change at all, by path alone.

/** What a path holds, as far as it matters to a livepatch. */
export type PathKind =
  | { kind: 'unit' }
  | { kind: 'header' }
  /** Not part of the kernel: documentation, selftests. A patch may touch it; the builder passes over it. */
  | { kind: 'aside' }
  /** Outside the tree. */
  | { kind: 'escape' }
  /** Cannot be livepatched; `what` names it. */
  | { kind: 'unpatchable'; what: string };

const unpatchable: readonly [RegExp, string][] = [
  [/(^|\/)vdso(32|64)?\//, 'the vdso (code of user space)'],
  [/(^|\/)realmode\//, 'real-mode code'],
  [/^arch\/[^/]+\/(boot|purgatory)\//, 'boot code'],
  [/\.S$/, 'assembly'],
  [/^(arch\/[^/]+\/)?lib\//, 'lib/ (archived code, where the ftrace entry is not certain)'],
  [/(^|\/)(Kconfig[^/]*|Makefile|Kbuild)$/, 'the configuration of the build'],
];

/** Sorts a path of a patch. */
export function lintPath(path: string): PathKind {
  if (path === '' || path.startsWith('/') || path.split('/').includes('..')) return { kind: 'escape' };
  if (/^(Documentation|samples|tools|scripts)\/|^(MAINTAINERS|CREDITS)$/.test(path)) return { kind: 'aside' };
  const rule = unpatchable.find(([pattern]) => pattern.test(path));
  if (rule) return { kind: 'unpatchable', what: rule[1] };
  if (path.endsWith('.c')) return { kind: 'unit' };
  if (path.endsWith('.h')) return { kind: 'header' };
  return { kind: 'unpatchable', what: 'a file that is not C source' };
}

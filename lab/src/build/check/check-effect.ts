// A livepatch that only adds functions is built, loaded, and changes nothing: whoever would call them is not in it.

import type { Elf } from '../../kernel/elf.ts';
import type { UnitDiff } from '../differ/differ.ts';
import type { BuildReason } from '../result.ts';
import { reason } from '../reason.ts';

/** What the macros for callbacks define: kpatch-macros.h of kpatch, livepatch_external.h of the kernel. */
const callback = /^(kpatch_(pre|post)_(un)?patch_data|__klp_(pre|post)_(un)?patch_callback_)/;

/** Reasons against a module that does nothing; callbacks alone are an effect. */
export function withoutEffect(module: Elf, diffs: readonly Pick<UnitDiff, 'unit' | 'functions'>[]): BuildReason[] {
  const added = diffs.flatMap(({ functions }) => functions);
  if (added.length === 0 || added.some(({ kind }) => kind === 'changed')) return [];
  if (module.symbols.some(({ name }) => callback.test(name))) return [];
  return diffs.map(({ unit }) => reason('nothing-replaced', { file: unit.path }));
}

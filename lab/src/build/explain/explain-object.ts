// What two objects, before and after a patch, say about the functions that changed: sizes, callers, ftrace entries.

import type { Elf } from '../../kernel/elf.ts';
import { tracedFunctions } from '../check/check-functions.ts';
import { callsOf } from '../unit/inlining.ts';

export type FunctionFacts = {
  /** Bytes; undefined where the object has no such function. */
  sizeBefore?: number;
  sizeAfter?: number;
  /** Functions of the same object that call it, in the patched one. */
  callers: string[];
  /** Whether ftrace has an entry in it, through which calls can be redirected. */
  traced: boolean;
};

/** Facts about each of the functions. `reference`: as the target has it. */
export function explainObject(
  objects: { reference: Elf; original: Elf; patched: Elf },
  names: readonly string[],
): Map<string, FunctionFacts> {
  const calls = callsOf(objects.patched);
  const sizes = [sizesOf(objects.original), sizesOf(objects.patched)] as const;
  const traced = tracedFunctions(objects.reference);
  return new Map(
    names.map((name) => {
      const [sizeBefore, sizeAfter] = sizes.map((all) => all.get(name));
      const callers = [...calls].flatMap(([caller, callees]) => (callees.has(name) ? [caller] : [])).sort();
      const sized = {
        ...(sizeBefore === undefined ? {} : { sizeBefore }),
        ...(sizeAfter === undefined ? {} : { sizeAfter }),
      };
      return [name, { ...sized, callers, traced: traced.has(name) }];
    }),
  );
}

const isFunction = ({ type, section, size }: Elf['symbols'][number]) => type === 'func' && section > 0 && size > 0;

const sizesOf = ({ symbols }: Elf) => new Map(symbols.filter(isFunction).map(({ name, size }) => [name, size]));

// Static local variables that go, or change hands. `objtool klp diff` knows them by name and order alone: when one goes from a
// function and another one of that name comes into a second function, the new one would be the old one, with its value.

import { type Elf, type ElfRelocation, type ElfSymbol, relocationsOf } from '../../kernel/elf.ts';
import type { PatchedUnit } from '../patched-unit.ts';

/** Static locals that every livepatch has its own copy of, as klp diff names them. */
export const isOwnCopy = (name: string): boolean =>
  /^(__already_done|__func__|__key|__warned|_entry|_entry_ptr|_rs|descriptor|CSWTCH)\./.test(name);

/**
 * Static local variables that neither the patched object nor the patched source has any more. (One that is never written any more
 * the compiler folds into its first value, whatever the running kernel has in it.) A variable that comes new may be one of them
 * under another name, whose value would be lost: then none.
 */
export function goneStatics(original: Elf, patched: Elf, source: PatchedUnit): string[] {
  const bases = (elf: Elf) => new Set(elf.symbols.filter(isDatum).map(({ name }) => baseName(name)));
  const [before, after] = [bases(original), bases(patched)];
  const isWritable = ({ section }: ElfSymbol) => ((patched.sections[section]?.flags ?? 0) & 0x1) !== 0;
  const comesNew = ({ name }: ElfSymbol) => !isOwnCopy(name) && !before.has(baseName(name));
  if (patched.symbols.some((symbol) => isDatum(symbol) && isWritable(symbol) && comesNew(symbol))) return [];
  const texts = [source, ...source.included].map(({ applied }) => applied.text);
  const isDeclared = (name: string) => texts.some((text) => new RegExp(staticDeclaration(name)).test(text));
  return original.symbols
    .filter((symbol) => isDatum(symbol) && symbol.bind === 'local' && /\.\d+$/.test(symbol.name))
    .filter(({ name }) => !isOwnCopy(name) && !after.has(baseName(name)) && !isDeclared(baseName(name)))
    .map(({ name }) => name);
}

/** Pattern of the declaration of a static variable: up to its name, and not into the body of a function. */
export const staticDeclaration = (name: string): string => String.raw`\bstatic\b(?:(?!\n\{)[^;])*\b${name}\b`;

const isDatum = ({ type, section }: ElfSymbol) => type === 'object' && section > 0;

/** Its name without the number that gcc appends. */
const baseName = (name: string) => name.replace(/\.\d+$/, '');

/** Names of static local variables that other functions than before use, and none of those. */
export function movedStatics(original: Elf, patched: Elf): string[] {
  const before = staticUsers(original);
  const after = staticUsers(patched);
  return [...before].flatMap(([name, olds]) => {
    const news = after.get(name) ?? [];
    // Other numbers of them are told as variables without counterpart.
    if (news.length !== olds.length) return [];
    const isMoved = olds.some((old, index) => {
      const now = news[index] ?? new Set();
      return old.size > 0 && now.size > 0 && ![...old].some((user) => now.has(user));
    });
    return isMoved ? [name] : [];
  });
}

/** By name without the number that gcc appends, in order: the functions that use each variable. */
function staticUsers(elf: Elf): Map<string, Set<string>[]> {
  const users = usersBySection(elf);
  const result = new Map<string, Set<string>[]>();
  for (const { name, type, bind, section } of elf.symbols) {
    const base = /^(.+)\.\d+$/.exec(name)?.[1];
    if (!base || type !== 'object' || bind !== 'local' || section === 0) continue;
    result.set(base, [...(result.get(base) ?? []), users.get(section) ?? new Set()]);
  }
  return result;
}

/** By section of a datum (each has its own): the functions with a reference to it, under the names of their source. */
function usersBySection(elf: Elf): Map<number, Set<string>> {
  const users = new Map<number, Set<string>>();
  for (const { section: text, name } of elf.symbols.filter(({ type, section }) => type === 'func' && section > 0)) {
    const add = ({ symbol }: ElfRelocation) => {
      const section = elf.symbols[symbol]?.section ?? 0;
      users.set(section, (users.get(section) ?? new Set()).add(name.replace(/\..*$/, '')));
    };
    relocationsOf(elf, text).forEach(add);
  }
  return users;
}

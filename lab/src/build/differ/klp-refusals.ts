// What `objtool klp diff` lets pass though the kernel cannot do it, or though it would lose what the running code knows.

import type { Elf, ElfSymbol } from '../../kernel/elf.ts';
import type { CompiledUnit } from './differ.ts';
import { placeIn } from '../patched-unit.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import type { Copies } from './copy-untraced.ts';
import { ownData } from './own-data.ts';
import { isOwnCopy, movedStatics } from './static-locals.ts';

export type UnitChange = {
  compiled: CompiledUnit;
  /** The unit's own objects, as compiled. */
  original: Elf;
  patched: Elf;
  /** Changed and new functions. */
  functions: readonly string[];
  /** Symbols of the original for which klp diff found no counterpart. */
  uncorrelated: readonly string[];
};

/** Reasons against the changes of one unit. */
export function klpRefusals(given: UnitChange): BuildReason[] {
  const own = ownData(given, given.compiled.source);
  const original = without(own.original, given.original);
  const change = { ...given, original, patched: without(own.patched, given.patched) };
  return [...initCode(change), ...changedSizes(change), ...lostStatics(change), ...swappedStatics(change)];
}

/** The object with nothing to be said of data that every livepatch has its own copies of. */
function without({ symbols: own }: Copies, elf: Elf): Elf {
  const names = new Set(own.map(({ from }) => from));
  return {
    ...elf,
    symbols: elf.symbols.map((symbol) => (names.has(symbol.name) ? { ...symbol, name: '.L' } : symbol)),
  };
}

/** Init code builds, and has no ftrace entry to patch when the livepatch is loaded: it is gone by then. */
function initCode({ compiled: { source }, patched, functions }: UnitChange): BuildReason[] {
  const names = new Set(functions);
  const isInit = ({ name, type, section }: ElfSymbol) =>
    type === 'func' && names.has(name) && /^\.(init|exit)\./.test(patched.sections[section]?.name ?? '');
  return patched.symbols.filter(isInit).map(({ name }) => reason('NP05', { ...placeIn(source, name), function: name }));
}

const isData = ({ name, type, section }: ElfSymbol) =>
  type === 'object' && section > 0 && !/^(\.L|__UNIQUE_ID)/.test(name);

/** The object that lives has the old size, whatever the checksum of its initial value says. */
function changedSizes({ compiled: { unit }, original, patched }: UnitChange): BuildReason[] {
  const sizes = new Map(original.symbols.filter(isData).map(({ name, size }) => [name, size]));
  return patched.symbols
    .filter((symbol) => isData(symbol) && !isOwnCopy(symbol.name))
    .filter(({ name, size }) => (sizes.get(name) ?? size) !== size)
    .map(({ name }) => reason('DA02', { file: unit.path, detail: `symbol ${name}` }));
}

/** Static local variables without counterpart: the changed function would start with new ones. */
function lostStatics({ compiled: { source }, original, uncorrelated }: UnitChange): BuildReason[] {
  const names = new Set(uncorrelated);
  const place = placeIn(source);
  return original.symbols
    .filter((symbol) => isData(symbol) && names.has(symbol.name) && /\.\d+$/.test(symbol.name))
    .map(({ name }) => {
      const detail = `the static local variable ${name.replace(/\.\d+$/, '')} cannot be told from others, or is gone`;
      return reason('DA04', { ...place, detail });
    });
}

function swappedStatics({ compiled: { source }, original, patched }: UnitChange): BuildReason[] {
  const place = placeIn(source);
  return movedStatics(original, patched)
    .filter((name) => !isOwnCopy(`${name}.`))
    .map((name) => {
      const detail = `the static local variable ${name} goes from one function and comes into another`;
      return reason('DA04', { ...place, detail });
    });
}

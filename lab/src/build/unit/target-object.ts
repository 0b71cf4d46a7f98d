// What a livepatch patches: vmlinux as it runs (kallsyms and image) or a module as shipped (.ko). Both offer the same
// view: symbols in the order the kernel counts them, and bytes to compare compiled code with.

import { readFile } from 'node:fs/promises';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { type Kallsyms, parseKallsyms } from '../../kernel/kallsyms.ts';
import type { Place, PlacesOf } from './layout.ts';

export type TargetSymbol = {
  name: string;
  space: number;
  at: number;
  size: number;
  type: 'FUNC' | 'OBJECT' | 'NOTYPE';
  bind: 'LOCAL' | 'GLOBAL' | 'WEAK';
};

export type TargetObject = {
  /** 'vmlinux' or the module's name. */
  name: string;
  /** In the order of kallsyms (vmlinux) or of the symbol table (module): the order sympos counts in. */
  symbols: TargetSymbol[];
  placesOf: PlacesOf;
  elf: Elf;
  kind: 'vmlinux' | 'module';
};

/** vmlinux: `kallsyms` is a file as in KernelFacts, `image` the unpacked ELF file. */
export async function readVmlinux(kallsyms: string, image: string): Promise<TargetObject> {
  const [text, bytes] = await Promise.all([readFile(kallsyms, 'utf8'), readFile(image)]);
  const symbols = kallsymsSymbols(parseKallsyms(text));
  return { name: 'vmlinux', kind: 'vmlinux', symbols, placesOf: indexPlaces(symbols), elf: readElf(bytes, image) };
}

/** A module as shipped, unpacked. */
export async function readModule(name: string, file: string): Promise<TargetObject> {
  const elf = readElf(await readFile(file), file);
  const symbols = moduleSymbols(elf);
  return { name, kind: 'module', symbols, placesOf: indexPlaces(symbols), elf };
}

function kallsymsSymbols({ symbols }: Kallsyms): TargetSymbol[] {
  return symbols.map(({ address, kind, name }) => ({
    name,
    space: 0,
    at: address,
    size: 8, // create-diff-object wants a size and never uses it
    type: /[tw]/i.test(kind) ? 'FUNC' : 'OBJECT',
    bind: /[WV]/.test(kind) ? 'WEAK' : kind === kind.toLowerCase() ? 'LOCAL' : 'GLOBAL',
  }));
}

const bindNames = { local: 'LOCAL', global: 'GLOBAL', weak: 'WEAK' } as const;

function moduleSymbols(elf: Elf): TargetSymbol[] {
  return elf.symbols
    .filter(
      ({ name, type, section }) => name && type !== 'section' && type !== 'file' && section > 0 && section < 0xff00,
    )
    .map(({ name, value, size, section, type, bind }) => ({
      name,
      space: section,
      at: value,
      size,
      type: type === 'func' ? 'FUNC' : type === 'object' ? 'OBJECT' : 'NOTYPE',
      bind: bindNames[bind],
    }));
}

function indexPlaces(symbols: readonly TargetSymbol[]): PlacesOf {
  const index = new Map<string, Place[]>();
  for (const [order, { name, space, at }] of symbols.entries()) {
    const known = index.get(name);
    if (known) known.push({ space, at, order });
    else index.set(name, [{ space, at, order }]);
  }
  return (name) => index.get(name) ?? [];
}

// New pointers to functions whose ENDBR the kernel removes at boot. A direct call of such a function is fine; a call through
// a pointer is a fault on machines with IBT. (relocationsOf also finds livepatch relocations: create-klp-module keeps their
// sh_info.)

import { type Elf, type ElfSymbol, relocationsOf, sectionBytes } from '../../kernel/elf.ts';

/** R_X86_64_64 and _32S store an address; PC32 may be a call or `lea`. */
const stores = new Set([1, 10, 11]);
const relative = new Set([2, 4]);
/** SHN_LIVEPATCH: resolved by the kernel at load. */
const livepatchSection = 0xff20;

/** Names of sealed functions whose address the module takes. */
export function sealedPointers(elf: Elf, sealed: readonly string[]): string[] {
  const names = new Set(sealed);
  const found = new Set<string>();
  for (const section of elf.sections) {
    if (section.type !== 1 || (section.flags & 2) === 0 || isTable(section.name)) continue;
    const bytes = sectionBytes(elf, section);
    for (const { type, offset, symbol } of relocationsOf(elf, section.index)) {
      const target = elf.symbols[symbol];
      if (!target || isOwn(target)) continue;
      const name = target.name.replace(/^\.klp\.sym\.[^.]+\.(.*),\d+$/, '$1');
      if (!names.has(name)) continue;
      if (stores.has(type) || (relative.has(type) && !isBranch(bytes, offset))) found.add(name);
    }
  }
  return [...found];
}

/** Defined in the livepatch: its own copy of a function keeps its ENDBR. */
const isOwn = ({ section }: ElfSymbol) => section !== 0 && section !== livepatchSection;

/** Tables that describe code by its address but are never called through. */
const isTable = (name: string) =>
  /^(__mcount_loc|__patchable_function_entries|\.(return|call|retpoline)_sites|\.orc_|\.static_call|__jump_table|__bug_table|__ex_table|\.smp_locks|\.kpatch|__klp_relocs|\.init\.klp|\.ibt)/.test(
    name,
  );

/** `call`, `jmp` (e8, e9) or `jcc` (0f 8x) before the relocated field. */
function isBranch(bytes: Buffer, offset: number): boolean {
  const opcode = bytes[offset - 1] ?? 0;
  return opcode === 0xe8 || opcode === 0xe9 || (bytes[offset - 2] === 0x0f && (opcode & 0xf0) === 0x80);
}

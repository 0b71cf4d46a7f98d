// What the lint asks about the running kernel, from the files of its survey boot.

import { readFile } from 'node:fs/promises';
import { parseKallsyms } from '../../kernel/kallsyms.ts';
import type { KernelFacts } from '../../kernel/target.ts';

export type TargetFacts = {
  /** Functions of vmlinux that ftrace can redirect, under each of their names. */
  patchable: ReadonlySet<string>;
  /** Whether vmlinux has a function of that name, and it is the one that this source defines. */
  isOfFile(name: string, source: string): boolean;
};

/** How many functions of its own file must be near a function of that name: the linker keeps a unit's code together. */
const reach = 40;

export async function readTargetFacts(files: KernelFacts): Promise<TargetFacts> {
  const [kallsyms, patchable] = await Promise.all(
    [files.kallsyms, files.patchableFunctions].map((file) => readFile(file, 'utf8')),
  );
  const code = parseKallsyms(kallsyms ?? '').symbols.filter(
    ({ kind, name }) => /[tw]/i.test(kind) && !name.startsWith('__pfx_'),
  );
  const traced = new Set((patchable ?? '').split('\n'));
  // ftrace lists one name; a system call without arguments has two (__SYS_STUB0 in arch/x86/include/asm/syscall_wrapper.h).
  const entries = new Set(code.flatMap(({ name, address }) => (traced.has(name) ? [address] : [])));
  const aliases = code.flatMap(({ name, address }) => (entries.has(address) ? [name] : []));
  return {
    patchable: new Set([...traced, ...aliases]),
    isOfFile: (name, source) => {
      const places = code.flatMap((symbol, index) => (symbol.name === name ? [index] : []));
      const [only] = places;
      if (places.length !== 1 || only === undefined) return false;
      const around = code.slice(Math.max(0, only - reach), only + reach);
      const words = new Set(source.match(/\w+/g));
      return around.filter((other) => other.name !== name && words.has(other.name)).length >= 2;
    },
  };
}

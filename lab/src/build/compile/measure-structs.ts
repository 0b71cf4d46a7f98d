// Sizes of the kernel's structs: from the BTF of its image, or, where a developer's own kernel has none, asked of the compiler
// itself, with the command and the headers of one of its units.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import { structSizes } from '../../kernel/btf.ts';
import { type Elf, readElf } from '../../kernel/elf.ts';
import { compileUnit } from './compile-unit.ts';
import { parseCmdFile } from './kbuild-command.ts';
import type { Workbench } from '../workbench.ts';

/** Where the kernel declares what we ask for, and under which option (or other macro) it does. */
const declared = {
  alt_instr: { header: 'asm/alternative.h' },
  bug_entry: { header: 'linux/bug.h', option: 'CONFIG_GENERIC_BUG' },
  exception_table_entry: { header: 'asm/extable.h' },
  jump_entry: { header: 'linux/jump_label.h', option: 'CONFIG_JUMP_LABEL' },
  static_call_site: { header: 'linux/static_call.h', option: 'CONFIG_HAVE_STATIC_CALL_INLINE' },
  orc_entry: { header: 'asm/orc_types.h' },
  // Until 6.7; a macro of its header tells.
  paravirt_patch_site: { header: 'asm/paravirt_types.h', option: 'PARAVIRT_PATCH' },
  klp_object: { header: 'linux/livepatch.h' },
  klp_func: { header: 'linux/livepatch.h' },
} as const satisfies Record<string, { header: string; option?: string }>;

export type MeasuredStruct = keyof typeof declared;

/** A unit that every kernel has, whose command and place the question borrows. */
const lender = 'init/main';

/** Size in bytes by name; what this configuration has not is left out. `out`: host directory to write to. */
export async function measureStructs(
  ctx: OpContext,
  bench: Workbench,
  { image, names, out }: { image: Elf; names: readonly MeasuredStruct[]; out: string },
): Promise<Map<string, number>> {
  const hasBtf = image.sections.some(({ name }) => name === '.BTF');
  const mayLack = (name: string) => 'option' in declared[name as MeasuredStruct];
  return hasBtf ? structSizes(image, names, mayLack) : askCompiler(ctx, bench, { names, out });
}

async function askCompiler(
  ctx: OpContext,
  bench: Workbench,
  { names, out }: { names: readonly MeasuredStruct[]; out: string },
): Promise<Map<string, number>> {
  const record = join(bench.tree, lender).replace(/([^/]+)$/, '.$1.o.cmd');
  const text = await readFile(record, 'utf8').catch((cause: unknown) => {
    throw new LabError('kernel.unsupported', `the kernel image has no BTF, and kbuild left no ${record}`, { cause });
  });
  const replacement = { path: `${lender}.c`, host: join(out, 'structs.c') };
  await writeFile(replacement.host, question(names));
  const command = parseCmdFile(text);
  const failure = await compileUnit(ctx, bench, { command, replacements: [replacement], out, name: 'structs.o' });
  if (failure)
    throw new LabError('kernel.unsupported', 'the sizes of structs cannot be asked of the compiler', {
      details: { stderr: failure.messages },
    });
  const { symbols } = readElf(await readFile(join(out, 'structs.o')));
  const sized = symbols.flatMap(({ name, size }) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), size] as const] : [],
  );
  return new Map(sized);
}

const prefix = 'lpl_size_of_';

/** An array of as many bytes for each struct: its symbol has the size. */
function question(names: readonly MeasuredStruct[]): string {
  const parts = names.map((name) => {
    const { header, option }: { header: string; option?: string } = declared[name];
    const lines = [`#include <${header}>`, `char ${prefix}${name}[sizeof(struct ${name})];`];
    return (option ? [`#ifdef ${option}`, ...lines, '#endif'] : lines).join('\n');
  });
  // Some of these headers do not include all that they need.
  return `#include <linux/module.h>\n${parts.join('\n')}\n`;
}

// A changed function whose .cold part stays byte for byte the same: create-diff-object takes the part for unchanged and makes
// the new function jump into the old one's .cold, which jumps back into the old function. The part has to come along.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { type Elf, readElf, sectionBytes } from '../kernel/elf.ts';
import { inside, withToolchain, type Workbench } from './workbench.ts';

/** Sections of .cold parts of the functions in `taken` that are not in `taken` themselves. */
export function coldPartsLeftBehind(patched: Elf, taken: readonly string[]): string[] {
  const names = new Set(taken);
  return patched.symbols
    .filter(({ name, type }) => type === 'func' && name.endsWith('.cold') && !names.has(name))
    .filter(({ name }) => names.has(name.slice(0, -'.cold'.length)))
    .map(({ section }) => patched.sections[section]?.name ?? '');
}

/** Makes these sections of `out/patched.o` differ from the original's by an `int3` behind their code. */
export async function padSections(
  ctx: OpContext,
  bench: Workbench,
  { out, sections }: { out: string; sections: readonly string[] },
): Promise<void> {
  const patched = readElf(await readFile(join(out, 'patched.o')));
  const updates = sections.map(async (name, index) => {
    const section = patched.sections.find((each) => each.name === name);
    const bytes = section ? sectionBytes(patched, section) : Buffer.alloc(0);
    await writeFile(join(out, `padded-${index}`), Buffer.concat([bytes, Buffer.from([0xcc])]));
    return ['--update-section', `${name}=${inside.out}/padded-${index}`];
  });
  const argv = ['objcopy', ...(await Promise.all(updates)).flat(), `${inside.out}/patched.o`] as const;
  await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
}

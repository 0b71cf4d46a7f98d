// Exports can live in a namespace (EXPORT_SYMBOL_NS), which a module has to import to use them. The code that a livepatch
// copies is of a module that does, or of vmlinux, which need not; the livepatch has to say so for itself.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { type Elf, readElf, sectionBytes } from '../../kernel/elf.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** Adds to `out/frame.o` what the objects (relative to `out`) need. */
export async function importNamespaces(
  ctx: OpContext,
  bench: Workbench,
  { out, objects }: { out: string; objects: readonly string[] },
): Promise<void> {
  const read = async (name: string) => readElf(await readFile(join(out, name)), name);
  const symvers = await readFile(join(bench.kernel.buildTree, 'Module.symvers'), 'utf8');
  const namespaces = neededNamespaces(symvers, await Promise.all(objects.map(read)));
  if (namespaces.length === 0) return;
  const frame = await read('frame.o');
  const modinfo = frame.sections.find(({ name }) => name === '.modinfo');
  if (!modinfo) throw new LabError('bug', 'the frame of the livepatch has no .modinfo');
  const lines = namespaces.map((namespace) => `import_ns=${namespace}\0`).join('');
  await writeFile(join(out, 'modinfo'), Buffer.concat([sectionBytes(frame, modinfo), Buffer.from(lines)]));
  const argv = ['objcopy', '--update-section', `.modinfo=${inside.out}/modinfo`, `${inside.out}/frame.o`] as const;
  await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
}

/** Namespaces of what the objects leave undefined. Module.symvers: CRC, symbol, module, kind, namespace, tabs between. */
export function neededNamespaces(symvers: string, objects: readonly Pick<Elf, 'symbols'>[]): string[] {
  const wanted = new Set(objects.flatMap(({ symbols }) => symbols.filter(isUndefined).map(({ name }) => name)));
  const rows = symvers.split('\n').map((line) => line.split('\t'));
  const used = rows.filter(([, symbol, , , namespace]) => namespace && wanted.has(symbol ?? ''));
  return [...new Set(used.map(([, , , , namespace]) => namespace ?? ''))].sort();
}

const isUndefined = ({ section, name }: Elf['symbols'][number]) => section === 0 && name !== '';

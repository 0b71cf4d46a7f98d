// The object of the kernel that a patch changes, vmlinux or a module, as far as the patch touches it: the units joined into
// one, because `objtool klp diff` makes one klp_object out of each file it compares, and the kernel refuses two of a name.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { readElf, sectionBytes } from '../../kernel/elf.ts';
import type { CompiledUnit } from './differ.ts';
import { ownData } from './own-data.ts';
import { linkFlags, runObjtool } from '../compile/objtool.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** Units of one object. `out`: directory for what is made of them. */
export type KlpObject = { name: string; units: readonly CompiledUnit[]; out: string };

export type Joining = { side: 'original' | 'patched'; flags: readonly string[]; undefinedNames: readonly string[] };

/**
 * Makes `out/original.o` or `out/patched.o` as a build of the kernel would have it when it calls objtool, with the checksums
 * that klp diff compares. Returns objtool's warnings. `undefinedNames`: symbols that the object shall refer to, too.
 */
export async function joinUnits(
  ctx: StageContext,
  bench: Workbench,
  { name, units, out }: KlpObject,
  { side, flags, undefinedNames }: Joining,
): Promise<string[]> {
  const file = `${side}.o`;
  const run = (...argv: [string, ...string[]]) =>
    runCommand(withToolchain(bench, { argv, out, binds }), { signal: ctx.signal });
  const hosts = units.map((compiled) => sidesOf(compiled)[side]);
  const binds = hosts.map((host, index) => ({ host, inside: `/lpl/in${index}`, access: 'read' as const }));
  const parts: string[] = [];
  for (const [index, compiled] of units.entries()) {
    const { symbols } = (await ownDataOf(compiled))[side];
    const part = `/lpl/in${index}/${file}`;
    parts.push(symbols.length > 0 ? `${inside.out}/${side}-${index}.o` : part);
    const words = symbols.flatMap(({ from, to }) => ['--redefine-sym', `${from}=${to}`]);
    if (words.length > 0) await run('objcopy', ...words, part, `${inside.out}/${side}-${index}.o`);
  }
  await run('ld', '-r', ...undefinedNames.flatMap((symbol) => ['-u', symbol]), '-o', `${inside.out}/${file}`, ...parts);
  await nameObject(run, { name, out, file });
  const warnings = await runObjtool(ctx, bench, {
    out,
    name: file,
    module: name !== 'vmlinux',
    flags: linkFlags(flags),
  });
  await run('tools/objtool/objtool', 'klp', 'checksum', `${inside.out}/${file}`);
  return warnings;
}

/** The directories of `original.o` and `patched.o`. */
const sidesOf = ({ unit, out }: CompiledUnit) => ({ original: unit.directory, patched: out });

async function ownDataOf(compiled: CompiledUnit) {
  const read = async (side: 'original' | 'patched') =>
    readElf(await readFile(join(sidesOf(compiled)[side], `${side}.o`)), `${side}.o`);
  const objects = { original: await read('original'), patched: await read('patched') };
  return ownData(objects, compiled.source);
}

type Run = (...argv: [string, ...string[]]) => Promise<unknown>;

/** Without a name in .modinfo klp diff takes the file's: `cmdline.o` becomes a livepatch for a module "cmdline". */
async function nameObject(run: Run, { name, out, file }: { name: string; out: string; file: string }): Promise<void> {
  const elf = readElf(await readFile(join(out, file)), file);
  const section = elf.sections.find((each) => each.name === '.modinfo');
  const before = section ? sectionBytes(elf, section) : Buffer.alloc(0);
  // One for each side: both are made at once, and objtool crashes over an object whose .modinfo was read half written.
  await writeFile(join(out, `${file}.modinfo`), Buffer.concat([before, Buffer.from(`\0name=${name}\0`)]));
  const from = `.modinfo=${inside.out}/${file}.modinfo`;
  const change = section
    ? (['--update-section', from] as const)
    : (['--add-section', from, '--set-section-flags', '.modinfo=alloc,readonly,data'] as const);
  await run('objcopy', ...change, `${inside.out}/${file}`);
}

/** Runs klp diff: `out/diff.o`, absent when nothing changed. Any exit code but 0 is an error, which it explains. */
export async function diffObject(
  ctx: StageContext,
  bench: Workbench,
  { out }: KlpObject,
): Promise<{ output: string; exitCode: number }> {
  const files = ['original.o', 'patched.o', 'diff.o'].map((file) => `${inside.out}/${file}`);
  const argv = ['tools/objtool/objtool', 'klp', 'diff', ...files] as const;
  const okCodes = [0, 1, 255];
  const { stdout, stderr, exitCode } = await runCommand(withToolchain(bench, { argv, out, okCodes }), {
    signal: ctx.signal,
  });
  for (const text of `${stdout}\n${stderr}`.split('\n'))
    if (text) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  if (/klp not implemented|unknown subcommand/i.test(stderr))
    throw new LabError('kernel.unsupported', 'objtool of the build tree has no `klp`', {
      hint: 'report this: the toolroot lacks libxxhash-dev',
    });
  return { output: `${stdout}\n${stderr}`, exitCode };
}

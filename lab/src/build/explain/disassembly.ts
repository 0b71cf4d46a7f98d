// The machine code of a function before and after, as a diff for people.

import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { inside, withToolchain, type Workbench } from '../workbench.ts';

/** Unified diff of the disassembly of `name` in `out/original.o` and `out/patched.o`; '' when they are alike. */
export async function disassemblyDiff(
  ctx: StageContext,
  bench: Workbench,
  { out, name }: { out: string; name: string },
): Promise<string> {
  const sides = ['original', 'patched'] as const;
  const files = await Promise.all(
    sides.map(async (side) => {
      const options = ['-d', '-r', '--no-show-raw-insn', `--disassemble=${name}`] as const;
      const argv = ['objdump', ...options, `${inside.out}/${side}.o`] as const;
      const { stdout } = await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
      const file = join(out, `${side}.asm`);
      await writeFile(file, plainDisassembly(stdout));
      return file;
    }),
  );
  const labels = sides.flatMap((side) => ['--label', `${name} (${side})`]);
  const argv = ['diff', '-u', ...labels, ...files] as const;
  return (await runCommand({ argv, okCodes: [0, 1] }, { signal: ctx.signal })).stdout;
}

/** Instructions and relocations, without the addresses and offsets that shift with every inserted byte. */
export function plainDisassembly(text: string): string {
  const lines = text.split('\n').flatMap((line) => {
    const [, said = ''] = /^\s+[0-9a-f]+:\s+(.*)$/.exec(line) ?? [];
    if (said === '') return [];
    const relocation = /^R_X86_64_(\w+)\s+(.*)$/.exec(said);
    // Behind the instruction whose operand it gives.
    if (relocation) return [`\t\t${relocation[2]}`];
    return [
      `\t${said
        .trim()
        .replace(/\b[0-9a-f]+ <([\w.]+)(?:\+0x[0-9a-f]+)?>/, '<$1>')
        .replace(/\s+/g, ' ')}`,
    ];
  });
  return `${lines.join('\n')}\n`;
}

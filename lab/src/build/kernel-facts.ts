// What the builder needs to know about a target kernel as a whole, worked out once: the unpacked image, struct sizes for
// kpatch, objtool's flags, and the functions whose ENDBR the kernel seals at boot.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureArtefact } from '../core/artefact.ts';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { readJson, writeJson } from '../core/store.ts';
import { type Elf, readElf, sectionBytes } from '../kernel/elf.ts';
import { parseKallsyms } from '../kernel/kallsyms.ts';
import { extractVmlinux } from '../kernel/vmlinux-image.ts';
import { measureStructs } from './compile/measure-structs.ts';
import { readObjtoolFlags } from './compile/objtool.ts';
import type { Workbench } from './workbench.ts';

const factsFile = z.object({
  schema: z.number(),
  /** Environment of create-diff-object: sizes of the entries of special sections. */
  sizes: z.record(z.string(), z.string()),
  /** Sizes of the structs that a livepatch hands to the kernel. */
  klp: z.object({ klpObject: z.number(), klpFunc: z.number() }),
  /** objtool's flags for this configuration. */
  objtool: z.array(z.string()),
  /** Functions that must not become the target of a new pointer: with IBT an indirect call of them is fatal. */
  sealed: z.array(z.string()),
  vermagic: z.string(),
});

export type BuildFacts = Omit<z.infer<typeof factsFile>, 'schema'> & { /** Unpacked vmlinux image. */ image: string };

/** The variables create-diff-object reads, and the kernel's structs they stand for. */
const sizeVariables = {
  ALT_STRUCT_SIZE: 'alt_instr',
  BUG_STRUCT_SIZE: 'bug_entry',
  EX_STRUCT_SIZE: 'exception_table_entry',
  JUMP_STRUCT_SIZE: 'jump_entry',
  STATIC_CALL_STRUCT_SIZE: 'static_call_site',
  ORC_STRUCT_SIZE: 'orc_entry',
  PARA_STRUCT_SIZE: 'paravirt_patch_site',
} as const;

/** Facts of the bench's kernel, from its cache or worked out now (0.5 s). */
export async function ensureBuildFacts(ctx: OpContext, bench: Workbench): Promise<BuildFacts> {
  const { kernel, room } = bench;
  const title = 'kernel image and struct sizes';
  const directory = await runStage(ctx, { id: 'kernel-facts', title }, (stage) =>
    ensureArtefact(stage, { room, label: 'facts', inputs: { format: 4 } }, async (out) => {
      const image = join(out, 'vmlinux');
      await extractVmlinux(ctx, { vmlinuz: kernel.vmlinuz, out: image, toolroot: kernel.tools });
      const elf = readElf(await readFile(image), image);
      const names = [...Object.values(sizeVariables), 'klp_object', 'klp_func'] as const;
      const structs = await measureStructs(ctx, bench, { image: elf, names, out });
      const sizes = Object.entries(sizeVariables).flatMap(([variable, struct]) => {
        const size = structs.get(struct);
        return size === undefined ? [] : [[variable, String(size)] as const];
      });
      const kallsyms = await readFile(kernel.facts.kallsyms, 'utf8');
      await writeJson(join(out, 'facts.json'), {
        sizes: Object.fromEntries(sizes),
        klp: { klpObject: structs.get('klp_object') ?? 0, klpFunc: structs.get('klp_func') ?? 0 },
        objtool: await readObjtoolFlags(bench),
        sealed: sealedFunctions(elf, kallsyms),
        vermagic: await readVermagic(bench),
      });
    }),
  );
  const facts = await readJson(join(directory, 'facts.json'), factsFile);
  if (!facts) throw new LabError('state.corrupt', `${directory} has no facts.json`, { hint: `delete ${directory}` });
  return { ...facts, image: join(directory, 'vmlinux') };
}

/** Functions listed in .ibt_endbr_seal: 32-bit offsets, each relative to its own place. */
export function sealedFunctions(image: Elf, kallsyms: string): string[] {
  const seal = image.sections.find(({ name }) => name === '.ibt_endbr_seal');
  if (!seal) return [];
  const bytes = sectionBytes(image, seal);
  const sites = new Set<number>();
  for (let at = 0; at + 4 <= bytes.length; at += 4) sites.add(seal.address + at + bytes.readInt32LE(at));
  const names = parseKallsyms(kallsyms).symbols.filter(({ address, kind }) => /[tw]/i.test(kind) && sites.has(address));
  return [...new Set(names.map(({ name }) => name))];
}

/** Release and flags as include/linux/vermagic.h puts them together; checked against the module that was built. */
async function readVermagic({ kernel }: Workbench): Promise<string> {
  const header = await readFile(join(kernel.buildTree, 'include/generated/utsrelease.h'), 'utf8');
  const release = /UTS_RELEASE "(.*)"/.exec(header)?.[1];
  if (release !== kernel.release)
    throw new LabError('kernel.unsupported', `the build tree is for ${release}, the kernel is ${kernel.release}`);
  return release;
}

// The kernel image that QEMU starts. A bzImage unpacks itself and moves to a random address; under TCG that is a fifth of a
// boot. So its ELF image is unpacked once on the host, and entered as PVH does (Documentation/arch/x86/pvh is Xen's; QEMU:
// hw/i386/x86-common.c, pc-bios/optionrom/pvh.S), at the address it was linked for.

import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureArtefact } from '../../core/artefact.ts';
import { isLabError } from '../../core/error.ts';
import type { StageContext } from '../../core/operation.ts';
import { readElfNote } from '../../kernel/elf-note.ts';
import type { BootableKernel } from '../../kernel/target.ts';
import { extractVmlinux } from '../../kernel/vmlinux-image.ts';

/** XEN_ELFNOTE_PHYS32_ENTRY (include/xen/interface/elfnote.h), there with CONFIG_PVH. */
export const pvhEntry = { owner: 'Xen', type: 18 };

/** Path of the image: an ELF image where the kernel has the entry for it, else a copy of the bzImage. */
export async function ensureBootImage(
  { kernel, labRoot }: { kernel: BootableKernel; labRoot: string },
  imagesDir: string,
  ctx: StageContext,
): Promise<string> {
  const inputs = { format: 1, kernel: kernel.artefact };
  const request = { room: imagesDir, label: `boot-${kernel.release}`, inputs };
  const directory = await ensureArtefact(ctx, request, async (temporary) => {
    ctx.waiting('the kernel image to be unpacked');
    const out = join(temporary, 'kernel');
    const given = { vmlinuz: kernel.vmlinuz, out, toolroot: { path: labRoot, compiler: '' } };
    const isUnpacked = await extractVmlinux(ctx, given).then(() => true, ifUnsupported(false));
    if (isUnpacked && (await readElfNote(out, pvhEntry))) return;
    await rm(out, { force: true });
    await copyFile(kernel.vmlinuz, out);
  });
  return join(directory, 'kernel');
}

const ifUnsupported =
  <T>(otherwise: T) =>
  (error: unknown): T => {
    if (isLabError(error, 'kernel.unsupported')) return otherwise;
    throw error;
  };

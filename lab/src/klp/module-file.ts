// A livepatch module as a file on the host.

import { readFile } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import { readElf } from '../kernel/elf.ts';
import { modinfoValues } from '../kernel/module-metadata.ts';

/** `name`: as the kernel will call it, whatever the file is called. */
export type ModuleFile = { name: string; content: Uint8Array };

/** Reads a .ko. Throws `usage.invalid` for what is no livepatch module (MODULE_INFO(livepatch, "Y")). */
export async function readLivepatchModule(path: string): Promise<ModuleFile> {
  const hint = 'give the path of a livepatch module (.ko), as `lpl build` makes them';
  const content = await readFile(path).catch((error: unknown) => {
    throw new LabError('usage.invalid', `${path} cannot be read`, { cause: error, hint });
  });
  const name = livepatchName(content);
  if (name === undefined) throw new LabError('usage.invalid', `${path} is not a livepatch module`, { hint });
  return { name, content };
}

/** Undefined when the bytes are no livepatch module. */
function livepatchName(content: Buffer): string | undefined {
  try {
    const elf = readElf(content);
    return modinfoValues(elf, 'livepatch').includes('Y') ? modinfoValues(elf, 'name')[0] : undefined;
  } catch {
    return undefined;
  }
}

// What a module depends on and by which aliases the kernel asks for it. The raw kernel package has no modules.dep (depmod
// makes it at installation), so the modules themselves are asked.

import { readElf } from '../../kernel/elf.ts';
import { modinfoValues } from '../../kernel/module-metadata.ts';

export type ModuleInfo = { depends: string[]; aliases: string[]; vermagic: string };

/** Throws when the bytes are no ELF64 object. */
export function readModuleInfo(bytes: Uint8Array): ModuleInfo {
  const elf = readElf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return {
    depends: modinfoValues(elf, 'depends')
      .flatMap((list) => list.split(','))
      .filter(Boolean),
    aliases: modinfoValues(elf, 'alias'),
    vermagic: modinfoValues(elf, 'vermagic')[0] ?? '',
  };
}

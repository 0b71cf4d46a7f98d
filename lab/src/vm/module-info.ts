// Reads .modinfo of a kernel module (ELF64 relocatable): what it depends on and by which aliases the kernel asks for it.
// The raw kernel package has no modules.dep (depmod makes it at installation), so the modules themselves are asked.

export type ModuleInfo = { depends: string[]; aliases: string[]; vermagic: string };

/** Throws a plain Error when `elf` is not a little-endian ELF64 file. */
export function readModuleInfo(elf: Uint8Array): ModuleInfo {
  const strings = Buffer.from(readSection(elf, '.modinfo') ?? [])
    .toString('latin1')
    .split('\0');
  const all = (key: string) =>
    strings.filter((text) => text.startsWith(`${key}=`)).map((text) => text.slice(key.length + 1));
  return {
    depends: all('depends')
      .flatMap((list) => list.split(','))
      .filter(Boolean),
    aliases: all('alias'),
    vermagic: all('vermagic')[0] ?? '',
  };
}

/** Bytes of the named section; undefined when there is none. */
function readSection(elf: Uint8Array, wanted: string): Uint8Array | undefined {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  if (elf.length < 64 || view.getUint32(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1)
    throw new Error('not a little-endian ELF64 file');
  const tableAt = Number(view.getBigUint64(40, true));
  const entrySize = view.getUint16(58, true);
  const count = view.getUint16(60, true);
  const header = (index: number) => {
    const at = tableAt + index * entrySize;
    const offset = Number(view.getBigUint64(at + 24, true));
    return {
      nameAt: view.getUint32(at, true),
      bytes: elf.subarray(offset, offset + Number(view.getBigUint64(at + 32, true))),
    };
  };
  const names = header(view.getUint16(62, true)).bytes;
  for (let index = 0; index < count; index++) {
    const { nameAt, bytes } = header(index);
    const name = Buffer.from(names.subarray(nameAt, names.indexOf(0, nameAt))).toString('latin1');
    if (name === wanted) return bytes;
  }
  return undefined;
}

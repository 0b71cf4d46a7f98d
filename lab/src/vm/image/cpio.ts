// A newc cpio writer: the archive the kernel unpacks into its first root (kernel: Documentation/driver-api/early-userspace/buffer-format.rst).
// Deterministic: no times, no owners but root, entries in the order given. Archives may be concatenated.

export type CpioEntry =
  | { path: string; mode: number; content: Uint8Array }
  | { path: string; linkTo: string }
  | { path: string; directory: true; mode?: number }
  | { path: string; mode: number; charDevice: [major: number, minor: number] };

const typeFile = 0o100000;
const typeDirectory = 0o040000;
const typeLink = 0o120000;
const typeCharDevice = 0o020000;

/** One whole archive, trailer included, padded to 512 bytes. Paths are relative to the root, without a leading slash. */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  let inode = 1;
  for (const entry of entries) blocks.push(...writeEntry(entry, inode++));
  blocks.push(...record({ path: 'TRAILER!!!', mode: 0, inode: 0, content: new Uint8Array() }));
  return pad(Buffer.concat(blocks), 512);
}

/** Directories that `paths` need, parents first, each once. */
export function parentDirectories(paths: readonly string[]): CpioEntry[] {
  const seen = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_, index) => seen.add(parts.slice(0, index + 1).join('/')));
  }
  return [...seen].sort().map((path) => ({ path, directory: true }));
}

function writeEntry(entry: CpioEntry, inode: number): Uint8Array[] {
  const { path } = entry;
  if ('directory' in entry)
    return record({ path, inode, mode: typeDirectory | (entry.mode ?? 0o755), content: new Uint8Array() });
  if ('linkTo' in entry) return record({ path, inode, mode: typeLink | 0o777, content: Buffer.from(entry.linkTo) });
  if ('charDevice' in entry)
    return record({
      path,
      inode,
      mode: typeCharDevice | entry.mode,
      content: new Uint8Array(),
      device: entry.charDevice,
    });
  return record({ path, inode, mode: typeFile | entry.mode, content: entry.content });
}

type NewcRecord = { path: string; mode: number; inode: number; content: Uint8Array; device?: [number, number] };

function record({ path, mode, inode, content, device = [0, 0] }: NewcRecord): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [pad(Buffer.concat([Buffer.from(header), name]), 4), pad(content, 4)];
}

function pad(bytes: Uint8Array, to: number): Uint8Array {
  const missing = (to - (bytes.length % to)) % to;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}

// The ELF image inside a bzImage: what the target really runs, to compare compiled functions with.
// Layout: Documentation/arch/x86/boot.rst (setup_sects, payload_offset, payload_length).

import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Argv } from '../core/command.ts';
import { LabError } from '../core/error.ts';
import type { OpContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { inToolroot, type Toolroot } from '../toolroot/sandbox.ts';
import { unpackLegacyLz4 } from './lz4.ts';

/** Unpacked by a tool of the toolroot, which replaces the file; LZ4, for which it has none, by us. */
type ToolPacking = { magic: string; suffix: string; argv: (file: string) => Argv };
type Packing = (ToolPacking | { magic: string; decode: (packed: Buffer) => Buffer }) & {
  /** The kernel's build appends the size. */ trailer: 0 | 4;
};

const packings: readonly Packing[] = [
  { magic: '28b52ffd', suffix: '.zst', argv: (file) => ['zstd', '-d', '-q', '--rm', file], trailer: 4 },
  { magic: 'fd377a58', suffix: '.xz', argv: (file) => ['xz', '-d', file], trailer: 4 },
  { magic: '1f8b0800', suffix: '.gz', argv: (file) => ['gzip', '-d', file], trailer: 0 },
  { magic: '02214c18', decode: unpackLegacyLz4, trailer: 4 },
];

/** Writes the vmlinux ELF image of a bzImage to `out`. Throws `kernel.unsupported` when it is packed in an unknown way. */
export async function extractVmlinux(
  ctx: OpContext,
  given: { vmlinuz: string; out: string; toolroot: Toolroot },
): Promise<void> {
  const { payload, packing } = bzImagePayload(await readFile(given.vmlinuz), given.vmlinuz);
  await unpack(ctx, { ...given, bytes: payload, packing });
}

/** Unpacks a module as shipped (.ko, .ko.xz, .ko.zst) to `out`. */
export async function unpackModule(
  ctx: OpContext,
  given: { module: string; out: string; toolroot: Toolroot },
): Promise<void> {
  const bytes = await readFile(given.module);
  const packing = packings.find(({ magic }) => bytes.toString('hex', 0, 4) === magic);
  if (packing) await unpack(ctx, { ...given, bytes, packing });
  else await writeFile(given.out, bytes);
}

type Unpacking = { bytes: Buffer; packing: Packing; out: string; toolroot: Toolroot };

async function unpack(ctx: OpContext, { bytes, packing, out, toolroot }: Unpacking): Promise<void> {
  if ('decode' in packing) return writeFile(out, packing.decode(bytes));
  const file = `${out}${packing.suffix}`;
  await writeFile(file, bytes);
  const binds = [{ host: dirname(out), access: 'write' as const }];
  await runCommand(inToolroot({ argv: packing.argv(file) }, { toolroot, binds }), { signal: ctx.signal });
}

/** The packed kernel inside a bzImage. */
export function bzImagePayload(image: Buffer, name: string): { payload: Buffer; packing: Packing } {
  if (image.length < 0x260 || image.toString('latin1', 0x202, 0x206) !== 'HdrS')
    throw new LabError('kernel.unsupported', `${name} is not a bzImage`);
  const setupSectors = image[0x1f1] || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  const length = image.readUInt32LE(0x24c);
  const magic = image.toString('hex', start, start + 4);
  const packing = packings.find((known) => known.magic === magic);
  if (!packing) throw new LabError('kernel.unsupported', `${name}: payload packed in an unknown way (magic ${magic})`);
  return { payload: image.subarray(start, start + length - packing.trailer), packing };
}

// The parcel: a small disk that gives a guest its identity once it asks for it - ssh keys, host name, the time, files of
// this machine alone. A guest that was just restored from a snapshot has none of these: the snapshot was taken while it
// waited for its parcel, so that copies of it share no secret. Read by images/guest/rc.

import { type FileHandle, open } from 'node:fs/promises';
import { LabError } from '../../core/error.ts';
import { writeCpio } from './cpio.ts';
import type { SshKeys } from '../guest/ssh-keys.ts';

/** A file at /lpl/NAME in the guest. */
export type GuestFile = { name: string; mode: number; content: Uint8Array };

export type ParcelContent = { hostName: string; keys: SshKeys; files: readonly GuestFile[] };

/** The disk's size is part of the snapshot's device state, so it is the same for every machine; the file is sparse. */
const diskBytes = 64 * 1024 * 1024;
/** Offset of the archive and the unit it is counted in: what rc hands to dd(1). */
const blockBytes = 64 * 1024;
const headerBytes = 512;

/** The header's first byte: nothing to fetch yet, or all there. It is written alone and last, so no reader sees half. */
const laid = '-';
const delivered = '+';

/** Creates the disk, mode 0600, not yet delivered. Without content: for a machine that only waits (a template). */
export async function layParcel(path: string, content?: ParcelContent): Promise<void> {
  const archive = content ? parcelArchive(content) : new Uint8Array();
  if (archive.length > diskBytes - blockBytes)
    throw new LabError('usage.invalid', `files for the guest hold ${archive.length} bytes, more than a parcel takes`, {
      hint: `copy files beyond ${diskBytes - blockBytes} bytes over ssh, with \`lpl vm cp\``,
    });
  await onDisk(path, 'w', async (disk) => {
    await disk.truncate(diskBytes);
    await disk.write(archive, 0, archive.length, blockBytes);
    const blocks = Math.ceil(archive.length / blockBytes);
    await disk.write(header(laid, `${blocks} ${content?.hostName ?? 'lpl'}`), 0, headerBytes, 0);
  });
}

/** Lets the waiting guest have it, with the time of this moment. */
export async function deliverParcel(path: string): Promise<void> {
  await onDisk(path, 'r+', async (disk) => {
    const { buffer } = await disk.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    const [, blocks, hostName] = buffer.toString('utf8').split('\n')[0]?.split(' ') ?? [];
    const nowMs = Date.now();
    const time = `${Math.floor(nowMs / 1000)} ${(nowMs % 1000) * 1000}`;
    await disk.write(header(laid, `${blocks} ${hostName} ${time}`), 0, headerBytes, 0);
    await disk.write(delivered, 0);
  });
}

/** Takes it back before the guest boots again in the same QEMU, so that it does not take an old time for the present. */
export async function withdrawParcel(path: string): Promise<void> {
  await onDisk(path, 'r+', (disk) => disk.write(laid, 0));
}

/** One line: state and magic, blocks of the archive, host name, seconds and microseconds since the epoch. */
function header(state: string, rest: string): Buffer {
  const sector = Buffer.alloc(headerBytes);
  sector.write(`${state}lpl-parcel ${rest} \n`);
  return sector;
}

function parcelArchive({ keys, files }: ParcelContent): Uint8Array {
  return writeCpio([
    { path: 'etc/lpl', directory: true },
    { path: 'etc/lpl/host_key', mode: 0o600, content: keys.hostKey },
    { path: 'root', directory: true, mode: 0o700 },
    { path: 'root/.ssh', directory: true, mode: 0o700 },
    { path: 'root/.ssh/authorized_keys', mode: 0o600, content: Buffer.from(keys.authorized) },
    { path: 'lpl', directory: true },
    ...files.map(({ name, mode, content }) => ({ path: `lpl/${name}`, mode, content })),
  ]);
}

async function onDisk(path: string, flags: string, act: (disk: FileHandle) => Promise<unknown>): Promise<void> {
  const disk = await open(path, flags, 0o600);
  try {
    await act(disk);
  } finally {
    await disk.close();
  }
}

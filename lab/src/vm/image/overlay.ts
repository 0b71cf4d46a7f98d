// The overlay of an instance: what it writes to its root disk, over a backing file that is never written. Made by
// node-qemu's QemuImg, fenced: it takes neither the path of a program (it runs `qemu-img` from the search path, or the
// host's /usr/bin/qemu-img) nor a signal nor a deadline, and wants a size that qemu-img itself would read (1.3.0).

import { chmod, open, rm } from 'node:fs/promises';
import { QemuImg } from 'node-qemu';
import { LabError } from '../../core/error.ts';
import { withDeadline } from '../../core/wait.ts';
import { launcherDirectory } from '../../toolroot/extracted-root.ts';

export type Overlay = { labRoot: string; path: string; /** qcow2 */ backing: string };

/** Measured: 20 ms. */
const createMs = 20_000;

/**
 * Creates a qcow2 overlay, mode 0600. Rejects with `image.failed` when the backing file is no image, `host.no-space`,
 * or `command.failed` with what qemu-img said; no file is then left.
 */
export async function createOverlay({ labRoot, path, backing }: Overlay, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const size = String(await virtualSizeBytes(backing));
  const wanted = { filename: path, format: 'qcow2', size, backingFile: backing, backingFormat: 'qcow2' } as const;
  try {
    const created = withSearchPath(launcherDirectory(labRoot), () => QemuImg.create(wanted));
    await withDeadline(created, `qemu-img create ${path}`, createMs);
    await chmod(path, 0o600);
  } catch (error) {
    await rm(path, { force: true });
    throw overlayFailed(path, error);
  }
}

/** Bytes 24 to 31 of a qcow2 header (qemu: docs/interop/qcow2.txt). */
export async function virtualSizeBytes(image: string): Promise<number> {
  const header = Buffer.alloc(32);
  const file = await open(image, 'r').catch(() => undefined);
  try {
    const bytes = await file?.read(header, 0, header.length, 0);
    if (bytes?.bytesRead === header.length && header.subarray(0, 4).equals(Buffer.from('QFI\xfb', 'latin1')))
      return Number(header.readBigUInt64BE(24));
  } finally {
    await file?.close();
  }
  throw new LabError('image.failed', `${image} is ${file ? 'no qcow2 image' : 'gone'}`, {
    hint: '`lpl image ls`; `lpl image rm` and `lpl image build` make it anew',
  });
}

/** The child is spawned before `spawn` returns, and nothing else runs meanwhile: nobody else sees the change. */
function withSearchPath<T>(directory: string, spawn: () => T): T {
  const before = process.env['PATH'] ?? '/usr/bin:/bin';
  process.env['PATH'] = `${directory}:${before}`;
  try {
    return spawn();
  } finally {
    process.env['PATH'] = before;
  }
}

function overlayFailed(path: string, cause: unknown): LabError {
  const said = cause instanceof Error ? cause.message : String(cause);
  if (/No space left on device|Disk quota exceeded/.test(said))
    return new LabError('host.no-space', `no room for the overlay ${path}`, { cause, hint: 'free some space there' });
  const line = said.split('\n').find((text) => text.startsWith('qemu-img: ')) ?? said.split('\n')[0];
  return new LabError('command.failed', `the overlay ${path} could not be made: ${line}`, { cause });
}

// The overlay of an instance: what it writes to its root disk, over a backing file that is never written.

import { chmod } from 'node:fs/promises';
import { runCommand } from '../core/process.ts';
import { labRootArgv } from './lab-root.ts';

/** Creates a qcow2 overlay, mode 0600. */
export async function createOverlay(
  { labRoot, path, backing }: { labRoot: string; path: string; backing: string },
  signal: AbortSignal,
): Promise<void> {
  const argv = labRootArgv(
    labRoot,
    'usr/bin/qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    '-F',
    'qcow2',
    '-b',
    backing,
    path,
  );
  await runCommand({ argv }, { signal });
  await chmod(path, 0o600);
}

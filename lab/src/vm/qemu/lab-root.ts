// Programs of the lab root (an extracted Debian root with QEMU, busybox and dropbear) run on the host through the root's
// own loader and libraries, so that the host needs none of them and its versions do not matter.

import { join } from 'node:path';
import type { Argv } from '../../core/command.ts';

const libraryDir = 'usr/lib/x86_64-linux-gnu';

/** Argv that runs `program` (a path below the root, such as `usr/bin/dropbearkey`) with the root's libraries. */
export function labRootArgv(labRoot: string, program: string, ...args: string[]): Argv {
  return [
    join(labRoot, 'usr/lib64/ld-linux-x86-64.so.2'),
    ...['--library-path', join(labRoot, libraryDir)],
    join(labRoot, program),
    ...args,
  ];
}

/** QEMU below the lab root. */
export const qemuProgram = 'usr/bin/qemu-system-x86_64';

/** Argv of QEMU: of the root's with the root's firmware, or of another with its own. */
export function labQemuArgv(labRoot: string, another: string | undefined, args: readonly string[]): Argv {
  if (another) return [another, ...args];
  const firmware = ['usr/share/qemu', 'usr/share/seabios', 'usr/lib/ipxe/qemu'].flatMap((dir) => [
    '-L',
    join(labRoot, dir),
  ]);
  return labRootArgv(labRoot, qemuProgram, ...firmware, ...args);
}

/** Argv that lists the shared objects `program` needs, as `NAME => PATH (ADDRESS)` (ld.so(8) --list). */
export function listSharedObjectsArgv(labRoot: string, program: string): Argv {
  const [loader, ...rest] = labRootArgv(labRoot, program);
  return [loader, ...rest.slice(0, 2), '--list', ...rest.slice(2)];
}

/** Host paths in the output of ld.so --list: the libraries and the loader. */
export function parseSharedObjects(output: string): { name: string; path: string }[] {
  return [...output.matchAll(/^\s*(\S+) => (\/\S+) \(0x/gm)].map(([, name, path]) => ({
    name: name ?? '',
    path: path ?? '',
  }));
}

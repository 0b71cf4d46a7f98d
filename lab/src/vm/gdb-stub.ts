// QEMU's gdb stub on a socket of the machine (qemu: docs/system/gdb.rst). Opened when it is first asked for; the guest runs
// on until a debugger connects.

import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import type { Argv } from '../core/command.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { withQmp } from './qemu/qmp-access.ts';

/** Opens the stub if it is not open. Rejects with `command.failed` with QEMU's words, or `vm.dead`. */
export async function openGdbStub(files: InstanceFiles, signal: AbortSignal): Promise<void> {
  // A second `gdbserver` for the same socket is refused and closes the first. The socket goes with the machine.
  if (existsSync(files.gdb)) return;
  const said = await withQmp(files, signal, (qmp) =>
    qmp.execute<string>('human-monitor-command', {
      'command-line': `gdbserver unix:${files.gdb.replaceAll(',', ',,')},server=on,wait=off`,
    }),
  );
  if (!existsSync(files.gdb))
    throw new LabError('command.failed', `QEMU of ${files.name} opened no gdb stub: ${said.trim().split('\n').at(-1)}`);
  await chmod(files.gdb, 0o600);
}

/** Lets the guest run again when a debugger went without detaching: QEMU then leaves it stopped. */
export async function resumeAfterGdb(files: InstanceFiles, signal: AbortSignal): Promise<void> {
  await withQmp(files, signal, async (qmp) => {
    const { status } = await qmp.execute<{ status: string }>('query-status');
    if (status === 'paused' || status === 'debug') await qmp.execute('cont');
  });
}

export type GdbRequest = {
  socket: string;
  /** Image with symbols, and how far KASLR moved the kernel from where that was linked, as a hexadecimal number. */
  vmlinux?: { path: string; offset: string };
};

/** The debugger's command line. In a low terminal gdb would wait for a key in its own greeting, and not connect. */
export function gdbArgv({ socket, vmlinux }: GdbRequest): Argv {
  const symbols = vmlinux ? ['-ex', `symbol-file -o ${vmlinux.offset} ${JSON.stringify(vmlinux.path)}`] : [];
  const quiet = ['-q', '-iex', 'set pagination off'];
  return ['gdb', ...quiet, '-ex', 'set architecture i386:x86-64', ...symbols, '-ex', `target remote ${socket}`];
}

// The branch `lpl vm` of the command tree.

import type { Command } from 'commander';
import type { Lab } from '../../lab.ts';
import { addVmCopyCommand } from './vm-copy.ts';
import { addVmDebugCommands } from './vm-debug.ts';
import { addVmEndCommands } from './vm-end.ts';
import { addVmConsoleCommand } from './vm-console.ts';
import { addVmSshCommand } from './vm-ssh.ts';
import { addVmShowCommands } from './vm-show.ts';
import { addVmSnapshotCommands } from './vm-snapshot.ts';
import { addVmUpCommand } from './vm-up.ts';

export function addVmCommands(program: Command, lab: () => Lab): void {
  const vm = program.command('vm').description('machines: named QEMU VMs of target kernels that outlive this command');
  for (const add of [
    addVmUpCommand,
    addVmShowCommands,
    addVmSshCommand,
    addVmConsoleCommand,
    addVmCopyCommand,
    addVmSnapshotCommands,
    addVmEndCommands,
    addVmDebugCommands,
  ])
    add(vm, lab);
}

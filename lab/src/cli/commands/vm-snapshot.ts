// `lpl vm snapshot` and `lpl vm restore`.

import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import type { Lab, MachineSnapshot } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { formatMs } from '../stage-lines.ts';
import { table } from '../table.ts';

type SnapshotOptions = { list?: boolean; remove?: boolean };

export function addVmSnapshotCommands(vm: Command, lab: () => Lab): void {
  vm.command('snapshot')
    .description('save a running machine as it is now: memory, disk and keys')
    .argument('NAME')
    .argument('[LABEL]', 'how to call it (default: the time)')
    .option('--list', 'show the snapshots there are')
    .option('--remove', 'remove the snapshot LABEL')
    .addHelpText('after', '\nExample:\n  lpl vm snapshot web1 before-the-patch')
    .action((name: string, label: string | undefined, options: SnapshotOptions, command: Command) =>
      runCli('vm snapshot', command.optsWithGlobals(), async (ctx) => {
        if (options.list) {
          const snapshots = await lab().vmSnapshots(name, ctx);
          return { json: { schema: 1, snapshots }, text: showSnapshots(name, snapshots) };
        }
        if (options.remove) {
          if (label === undefined)
            throw new LabError('usage.invalid', 'which snapshot shall be removed?', {
              hint: `\`lpl vm snapshot ${name} --list\` shows them`,
            });
          await lab().vmRemoveSnapshot({ vm: name, label }, ctx);
          return { json: { schema: 1, vm: name, label, state: 'gone' }, text: `snapshot ${label} of ${name} is gone` };
        }
        const snapshot = await lab().vmSnapshot({ vm: name, ...(label === undefined ? {} : { label }) }, ctx);
        const text = `${name} is saved as ${snapshot.label}; it stood still for ${formatMs(snapshot.pausedMs)}\n  lpl vm restore ${name} ${snapshot.label}`;
        return { json: { schema: 1, ...snapshot }, text };
      }),
    );
  vm.command('restore')
    .description('bring a machine back to a snapshot; what it did since is lost')
    .argument('NAME')
    .argument('[LABEL]', 'which (default: the newest)')
    .addHelpText('after', '\nExample:\n  lpl vm restore web1 before-the-patch')
    .action((name: string, label: string | undefined, _options: unknown, command: Command) =>
      runCli('vm restore', command.optsWithGlobals(), async (ctx) => {
        const status = await lab().vmRestore({ vm: name, ...(label === undefined ? {} : { label }) }, ctx);
        return { json: { schema: 1, ...status }, text: `${name} goes on from its snapshot\n  lpl vm ssh ${name}` };
      }),
    );
}

function showSnapshots(name: string, snapshots: readonly MachineSnapshot[]): string {
  if (snapshots.length === 0) return `${name} has no snapshots; make one with \`lpl vm snapshot ${name}\``;
  const rows = snapshots.map(({ label, at, diskBytes, release }) => [
    label,
    new Date(at).toISOString().slice(0, 19).replace('T', ' '),
    release,
    formatBytes(diskBytes),
  ]);
  return table(['LABEL', 'MADE (UTC)', 'KERNEL', 'SIZE'], rows);
}

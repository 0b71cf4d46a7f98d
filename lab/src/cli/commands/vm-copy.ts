// `lpl vm cp`.

import type { Command } from 'commander';
import { LabError } from '../../core/error.ts';
import type { Lab } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';

export function addVmCopyCommand(vm: Command, lab: () => Lab): void {
  vm.command('cp')
    .description('copy a file or a directory to or from a machine; one side is NAME:PATH')
    .argument('SRC')
    .argument('DST')
    .addHelpText('after', '\nExample:\n  lpl vm cp ./tests web1:/root/tests\n  lpl vm cp web1:/proc/kallsyms .')
    .action((source: string, destination: string, _options: unknown, command: Command) =>
      runCli('vm cp', command.optsWithGlobals(), async (ctx) => {
        const copied = await lab().vmCopy(copyCommand(source, destination), ctx);
        const text = `${copied.from} -> ${copied.to}  ${formatBytes(copied.bytes)}`;
        return { json: { schema: 1, ...copied }, text };
      }),
    );
}

/** Throws `usage.invalid` unless exactly one side is in a machine. */
export function copyCommand(source: string, destination: string): Parameters<Lab['vmCopy']>[0] {
  const [from, to] = [inMachine(source), inMachine(destination)];
  if (from && !to) return { vm: from.vm, direction: 'from-guest', from: from.path, to: destination };
  if (to && !from) return { vm: to.vm, direction: 'to-guest', from: source, to: to.path };
  const why = from ? 'both sides are in a machine' : 'neither side is in a machine';
  throw new LabError('usage.invalid', `${why}: ${source} ${destination}`, {
    hint: 'write one side as NAME:PATH; a host path with a colon as ./PATH',
  });
}

/** `NAME:PATH`; a relative path is one of root's home, and so is none at all. */
function inMachine(text: string): { vm: string; path: string } | undefined {
  const [, vm, path] = /^([a-z0-9][a-z0-9-]{0,31}):(.*)$/s.exec(text) ?? [];
  if (vm === undefined || path === undefined) return undefined;
  return { vm, path: path.startsWith('/') ? path : `/root/${path}` };
}

import type { Command } from 'commander';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab, MachineStatus } from '../../lab.ts';
import { attachConsole } from '../attach-console.ts';
import { openShell } from '../open-shell.ts';
import { runCli } from '../run-cli.ts';
import { formatMs } from '../stage-lines.ts';
import { table } from '../table.ts';

type UpOptions = { target: string; memory: string; cpus: string };

export function addVmCommands(program: Command, lab: () => Lab): void {
  const vm = program.command('vm').description('machines: named QEMU VMs of target kernels that outlive this command');
  vm.command('up')
    .description('start a machine')
    .argument('NAME', 'letters, digits and dashes')
    .option('--target <NAME>', 'kernel to boot', defaultTargetName)
    .option('--memory <MiB>', 'memory', '512')
    .option('--cpus <N>', 'CPUs', '2')
    .addHelpText('after', '\nExample:\n  lpl vm up web1 --target debian:trixie/cloud-amd64@6.12.94')
    .action((name: string, options: UpOptions, command: Command) =>
      runCli('vm up', command.optsWithGlobals(), async (ctx) => {
        const request = { name, target: options.target, memoryMiB: Number(options.memory), cpus: Number(options.cpus) };
        const status = await lab().vmUp(request, ctx);
        return { json: { schema: 1, ...status }, text: `${name} runs ${status.release}\n  lpl vm ssh ${name}` };
      }),
    );
  vm.command('ls')
    .description('all machines and their state')
    .addHelpText('after', '\nExample:\n  lpl vm ls --json')
    .action((_options: unknown, command: Command) =>
      runCli('vm ls', command.optsWithGlobals(), async (ctx) => {
        const machines = await lab().vmList(ctx);
        const text = machines.length === 0 ? 'no machines; start one with `lpl vm up NAME`' : showMachines(machines);
        return { json: { schema: 1, machines }, text };
      }),
    );
  vm.command('ssh')
    .description('a root shell in the machine, or one command')
    .argument('NAME')
    .argument('[COMMAND...]', 'run this instead of a shell; ends with its exit code')
    .passThroughOptions()
    .addHelpText('after', '\nExample:\n  lpl vm ssh web1 uname -r')
    .action((name: string, words: string[], _options: unknown, command: Command) =>
      runCli('vm ssh', command.optsWithGlobals(), async (ctx) => {
        const [first, ...rest] = words;
        if (first === undefined) return { json: null, text: '', exitCode: await openShell(lab(), name, ctx) };
        const guest = await lab().vmGuest(name, ctx);
        try {
          // One word is a line for the guest's shell, as with ssh; several are one command, quoted.
          const argv = rest.length === 0 ? (['sh', '-c', first] as const) : ([first, ...rest] as const);
          const result = await guest.exec(argv, { signal: ctx.signal, timeoutMs: 24 * 3600_000 });
          process.stderr.write(result.stderr);
          return { json: { schema: 1, ...result }, text: result.stdout.replace(/\n$/, ''), exitCode: result.exitCode };
        } finally {
          await guest.close();
        }
      }),
    );
  vm.command('console')
    .description('the serial console; Ctrl-] leaves it')
    .argument('NAME')
    .addHelpText('after', '\nExample:\n  lpl vm console web1')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('vm console', command.optsWithGlobals(), async (ctx) => {
        await attachConsole(lab(), name, ctx);
        return { json: null, text: '' };
      }),
    );
  vm.command('down')
    .description('end a machine and forget it')
    .argument('NAME')
    .addHelpText('after', '\nExample:\n  lpl vm down web1')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('vm down', command.optsWithGlobals(), async (ctx) => {
        await lab().vmDown(name, ctx);
        return { json: { schema: 1, name, state: 'gone' }, text: `${name} is down` };
      }),
    );
}

function showMachines(machines: readonly MachineStatus[]): string {
  const rows = machines.map((m) => [
    m.name,
    m.state,
    m.release,
    m.accelerator,
    m.sshPort ? `127.0.0.1:${m.sshPort}` : '',
    m.upMs === undefined ? '' : formatMs(m.upMs),
    m.reason ?? '',
  ]);
  return table(['NAME', 'STATE', 'KERNEL', 'ACCEL', 'SSH', 'UP', ''], rows);
}

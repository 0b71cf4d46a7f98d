// `lpl vm up`.

import { type Command, Option } from 'commander';
import { LabError } from '../../core/error.ts';
import { defaultTargetName } from '../../kernel/target.ts';
import { type Forward, type Lab, type MachineCommand, parseForward } from '../../lab.ts';
import { runCli } from '../run-cli.ts';

type UpOptions = {
  target?: string;
  profile?: string;
  memory?: string;
  cpus?: string;
  forward: string[];
  outbound?: boolean;
  cold?: boolean;
  fresh?: boolean;
};

export function addVmUpCommand(vm: Command, lab: () => Lab): void {
  vm.command('up')
    .description('start a machine, or a stopped one again as it was')
    .argument('NAME', 'letters, digits and dashes')
    .option(
      '--target <NAME>',
      `kernel to boot: debian:SUITE/FLAVOUR[@VERSION] or tree:PATH (default: as before, else "${defaultTargetName}")`,
    )
    .option('--profile <NAME>', 'what runs around it, of `lpl image ls` (default: as before, else tiny)')
    .option('--memory <MiB>', 'memory (default: as before, else that of the profile)')
    .option('--cpus <N>', 'CPUs (default: as before, else 2)')
    .addOption(
      new Option('--forward <HOST:GUEST>', 'lead a port of 127.0.0.1 into the guest; may be given several times')
        .default([], '')
        .argParser((text: string, before: string[]) => [...before, text]),
    )
    .option('--outbound', 'let the guest reach the network of the host; otherwise it reaches nothing')
    .option('--cold', 'boot the kernel, not a snapshot of a booted one')
    .option('--fresh', 'on a new root disk, though the machine has one of its last run')
    .addHelpText(
      'after',
      '\nExample:\n  lpl vm up web1 --target debian:bookworm/cloud-amd64@6.1 --profile debian --forward 8080:80\n  lpl vm up mine --target tree:../linux/build',
    )
    .action((name: string, options: UpOptions, command: Command) =>
      runCli('vm up', command.optsWithGlobals(), async (ctx) => {
        const status = await lab().vmUp(requestOf(name, options), ctx);
        const forwards = status.forwards.map(({ host, guest }) => `\n  127.0.0.1:${host} leads to port ${guest}`);
        const text = `${name} runs ${status.release}\n  lpl vm ssh ${name}${forwards.join('')}`;
        return { json: { schema: 1, ...status }, text };
      }),
    );
}

function requestOf(
  name: string,
  { target, profile, memory, cpus, forward, outbound, cold, fresh }: UpOptions,
): MachineCommand {
  const forwards: Forward[] = forward.map(parseForward);
  return {
    name,
    ...(target === undefined ? {} : { target }),
    ...(profile === undefined ? {} : { profile }),
    ...(memory === undefined ? {} : { memoryMiB: wholeNumber('--memory', memory) }),
    ...(cpus === undefined ? {} : { cpus: wholeNumber('--cpus', cpus) }),
    ...(forwards.length === 0 ? {} : { forwards }),
    ...(outbound ? { network: 'open' } : {}),
    ...(cold ? { start: 'cold' } : {}),
    ...(fresh ? { fresh } : {}),
  };
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new LabError('usage.invalid', `${option} ${text}: not a whole number`, { hint: `write ${option} 2048 or so` });
}

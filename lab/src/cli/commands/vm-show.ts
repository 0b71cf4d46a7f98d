// `lpl vm ls` and `lpl vm show`.

import type { Command } from 'commander';
import type { Lab, MachineDetails, MachineStatus } from '../../lab.ts';
import { formatBytes } from '../format-bytes.ts';
import { runCli } from '../run-cli.ts';
import { formatMs } from '../stage-lines.ts';
import { table } from '../table.ts';

/** `undefined`: the guest did not answer in time. */
type Livepatches = readonly string[] | undefined;

export function addVmShowCommands(vm: Command, lab: () => Lab): void {
  vm.command('ls')
    .description('all machines: state, kernel, ssh port, livepatches')
    .addHelpText('after', '\nExample:\n  lpl vm ls --json')
    .action((_options: unknown, command: Command) =>
      runCli('vm ls', command.optsWithGlobals(), async (ctx) => {
        const machines = await lab().vmList(ctx);
        const livepatches = await Promise.all(machines.map((it) => askLivepatches(lab(), it, ctx)));
        const rows = machines.map((it, index) => row(it, livepatches[index]));
        const head = ['NAME', 'STATE', 'KERNEL', 'PROFILE', 'ACCEL', 'SSH', 'UP', 'LIVEPATCHES', ''];
        const text = machines.length === 0 ? 'no machines; start one with `lpl vm up NAME`' : table(head, rows);
        const json = machines.map((it, index) => ({ ...it, livepatches: livepatches[index] ?? null }));
        return { json: { schema: 1, machines: json }, text };
      }),
    );
  vm.command('show')
    .description('everything about one machine')
    .argument('NAME')
    .addHelpText('after', '\nExample:\n  lpl vm show web1')
    .action((name: string, _options: unknown, command: Command) =>
      runCli('vm show', command.optsWithGlobals(), async (ctx) => {
        const details = await lab().vmShow(name, ctx);
        const livepatches = await askLivepatches(lab(), details, ctx);
        return { json: { schema: 1, ...details, livepatches: livepatches ?? null }, text: page(details, livepatches) };
      }),
    );
}

const askLivepatches = async (
  lab: Lab,
  { name, state }: MachineStatus,
  ctx: Parameters<Lab['vmLivepatches']>[1],
): Promise<Livepatches> => (state === 'running' ? lab.vmLivepatches(name, ctx) : []);

const namesOf = (livepatches: Livepatches) => (livepatches ? livepatches.join(' ') : '?');

function row(it: MachineStatus, livepatches: Livepatches): string[] {
  const ssh = it.sshPort ? `127.0.0.1:${it.sshPort}` : '';
  const up = it.upMs === undefined ? '' : formatMs(it.upMs);
  return [it.name, it.state, it.release, it.profile, it.accelerator, ssh, up, namesOf(livepatches), it.reason ?? ''];
}

function page(it: MachineDetails, livepatches: Livepatches): string {
  const { memory } = it;
  const began = it.start === 'snapshot' ? ', from a snapshot' : it.start === 'cold' ? ', cold boot' : '';
  const facts: [string, string | undefined][] = [
    ['state', it.reason ? `${it.state}: ${it.reason}` : it.state],
    ['trouble', it.lastReport && `${it.lastReport.problem.kind}: ${it.lastReport.problem.text}`],
    ['kernel', it.release],
    ['target', it.target],
    ['profile', it.profile],
    ['accelerator', it.acceleratorReason ? `${it.accelerator} (${it.acceleratorReason})` : it.accelerator],
    ['machine', it.cpus ? `${it.cpus} CPUs, ${it.memoryMiB} MiB, ${it.lifetime}` : undefined],
    ['up', it.upMs === undefined ? undefined : `${formatMs(it.upMs)}${began}`],
    ['ssh', it.sshPort ? `127.0.0.1:${it.sshPort} (lpl vm ssh ${it.name})` : undefined],
    ['network', it.network === 'open' ? 'open: the guest reaches what the host reaches' : 'closed but for forwards'],
    ['forwards', it.forwards.map(({ host, guest }) => `127.0.0.1:${host} -> ${guest}`).join(', ')],
    ['livepatches', it.state === 'running' ? namesOf(livepatches) || 'none' : undefined],
    ['qemu', it.pid ? `pid ${it.pid}` : undefined],
    [
      'memory',
      memory && `${formatBytes(memory.residentBytes)} resident, ${formatBytes(memory.privateBytes)} of it its own`,
    ],
    ['parameters', it.commandLine.join(' ')],
    ['directory', it.directory],
    ['console', it.consoleLog],
  ];
  const rows = facts.flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []));
  const report = it.lastReport ? `\n\n${it.lastReport.lines.join('\n')}` : '';
  return `${table([it.name, ''], rows)}${report}`;
}

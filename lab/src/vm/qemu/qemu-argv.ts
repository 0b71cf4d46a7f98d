// What QEMU is told: pure, from a machine's description to argv. No default devices, no user configuration, forwards on
// the loopback only, and the host kernel chooses the ports (`info usernet` tells which).

import { join } from 'node:path';
import { buildArgs, type QemuConfig } from 'node-qemu';
import type { Argv } from '../../core/command.ts';
import type { Forward } from './forwards.ts';
import type { InstanceFiles } from '../instance/instance-files.ts';
import { labQemuArgv } from './lab-root.ts';

export type Accelerator = 'kvm' | 'tcg';

/** Guest port that the workload's service listens on; forwarded like ssh. */
export const servicePort = 7000;

export type QemuMachine = {
  name: string;
  /** Another QEMU than the lab root's. */
  qemu?: string | undefined;
  accelerator: Accelerator;
  cpus: number;
  /**
   * Under TCG: one thread of the host for all CPUs of the guest, one after the other. Where guests have more CPUs than the host this
   * is much cheaper: one that waits for another, as a livepatch transition has it hundreds of times, does not spin. Not for guests
   * whose CPUs are all busy: each then keeps the thread for 100 ms (QEMU: tcg-accel-ops-rr.c, TCG_KICK_PERIOD).
   */
  cpusInTurns?: boolean | undefined;
  memoryMiB: number;
  /** Its image, packed or not (image/boot-image.ts). */
  kernel: string;
  initramfs: string;
  commandLine: readonly string[];
  /** Read-only ext4 image with all modules of the kernel. */
  modulesDisk: string;
  /** Whether the instance has an overlay of a root disk. */
  hasRootDisk: boolean;
  /** Beside ssh and the service. */
  forwards: readonly Forward[];
  network: Network;
  ram: Ram;
  /** Waits, with its CPUs stopped, for the state of a machine to be loaded. */
  incoming: boolean;
};

/** Whether the guest reaches the host's network, by QEMU's own translation; nothing but forwards leads in either way. */
export type Network = 'closed' | 'open';

/**
 * Where the guest's memory is: its own; a file that everything written goes to (`shared`: a snapshot being made); or the
 * private view of such a file, whose untouched pages all machines of that snapshot share on the host.
 */
export type Ram = { kind: 'own' } | { kind: 'shared' | 'private'; path: string };

/** Process name by which an instance's QEMU is recognised, with pid and start time. */
export const processName = (name: string): string => `lpl-${name}`;

/**
 * Kernel parameters. An oops stays an oops, as on the stock kernel (no oops=panic): the machine goes on, tainted, and
 * can be asked what happened. A panic ends the machine at once (panic=-1 with reboot=shutdown below), its text on the
 * console. `quiet` until the guest's rc raises the console level: serial output is slow under TCG. The kernel's self-tests of
 * its crypto algorithms are a seventh of its boot there (kernel-parameters.txt: cryptomgr.notests).
 */
export const baseCommandLine: readonly string[] = [
  'console=ttyS0',
  'quiet',
  'panic=-1',
  'edd=off',
  'cryptomgr.notests',
];

/**
 * Argv of QEMU for that machine and its instance directory. `-M pc`: with a stock cloud kernel under TCG as fast as q35,
 * and microvm once took 37 s to boot. No -daemonize: that needs the fork which the sandbox denies.
 */
export function qemuArgv(labRoot: string, machine: QemuMachine, files: InstanceFiles): Argv {
  return labQemuArgv(labRoot, machine.qemu, buildArgs(qemuConfig(machine, files)));
}

/**
 * Detached (kept): in a session of its own, writing to the instance's log, its pid in the pid file before QEMU begins;
 * with busybox's start-stop-daemon, which needs nothing of the host. Bound (throw-away): killed by the kernel when the
 * *thread* that forked it ends (prctl(2) PR_SET_PDEATHSIG), so start it from a thread that lives as long as it shall.
 */
export function launchArgv(labRoot: string, argv: Argv, lifetime: 'kept' | 'throw-away', files: InstanceFiles): Argv {
  if (lifetime === 'throw-away') return ['setpriv', '--pdeathsig', 'KILL', '--', ...argv];
  const [binary, ...args] = argv;
  const detach = ['start-stop-daemon', '-S', '-b', '-m', '-p', files.pidFile, '-O', files.qemuLog, '-a', binary, '--'];
  return [join(labRoot, 'usr/bin/busybox'), ...detach, ...args];
}

/** An accelerator with what it needs beside it: `-cpu max` is the most that TCG can do, `host` the most of KVM. */
function qemuConfig(machine: QemuMachine, files: InstanceFiles): QemuConfig {
  const tcg = machine.accelerator === 'tcg';
  return {
    accel: tcg ? [{ accel: 'tcg', thread: machine.cpusInTurns ? 'single' : 'multi' }] : [{ accel: 'kvm' }],
    machine: { type: 'pc,memory-backend=ram' },
    cpu: tcg ? 'max' : 'host',
    smp: machine.cpus,
    memory: { size: machine.memoryMiB },
    extraArgs: [
      ...['-name', `guest=${processName(machine.name)},process=${processName(machine.name)},debug-threads=on`],
      ...['-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
      ...['-object', ramObject(machine)],
      ...(machine.incoming ? ['-S', '-incoming', 'defer'] : []),
      ...['-kernel', machine.kernel, '-initrd', machine.initramfs, '-append', machine.commandLine.join(' ')],
      // The only word there is of a triple fault (qemu: target/i386/tcg/excp_helper.c).
      ...['-d', 'cpu_reset', '-D', files.cpuLog],
      // A panic is told (pvpanic) and the guest goes on to print the rest of it, then restarts, which ends QEMU.
      ...['-action', 'panic=none,reboot=shutdown,shutdown=poweroff'],
      ...['-netdev', networkOption(machine), '-device', 'virtio-net-pci,netdev=net,romfile='],
      ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
      // A new identifier at every start: after a restore the guest's kernel reseeds its random numbers (vmgenid).
      ...['-device', 'pvpanic-pci', '-device', 'vmgenid,guid=auto'],
      ...disk('parcel', files.parcel, 'raw', 'read-only'),
      ...disk('modules', machine.modulesDisk, 'raw', 'read-only'),
      ...(machine.hasRootDisk ? disk('root', files.rootDisk, 'qcow2', 'writable') : []),
      ...consoleOptions(files),
      ...[files.qmp, ...files.watch].flatMap((path) => ['-qmp', `unix:${escapeComma(path)},server=on,wait=off`]),
    ],
  };
}

function ramObject({ ram, memoryMiB }: QemuMachine): string {
  if (ram.kind === 'own') return `memory-backend-ram,id=ram,size=${memoryMiB}M`;
  const share = ram.kind === 'shared' ? 'on' : 'off';
  return `memory-backend-file,id=ram,size=${memoryMiB}M,mem-path=${escapeComma(ram.path)},share=${share}`;
}

/** A virtio disk that the guest knows by the serial `lpl-ID`. */
function disk(id: string, path: string, driver: 'raw' | 'qcow2', access: 'read-only' | 'writable'): string[] {
  const readOnly = access === 'read-only' ? 'on' : 'off';
  const node = `driver=${driver},node-name=${id},read-only=${readOnly},file.driver=file,file.filename=${escapeComma(path)}`;
  return ['-blockdev', node, '-device', `virtio-blk-pci,drive=${id},serial=lpl-${id}`];
}

function networkOption({ forwards: more, network }: QemuMachine): string {
  const forwards = [{ host: 0, guest: 22 }, { host: 0, guest: servicePort }, ...more];
  const options = forwards.map(({ host, guest }) => `hostfwd=tcp:127.0.0.1:${host}-:${guest}`);
  return ['user', 'id=net', `restrict=${network === 'closed' ? 'on' : 'off'}`, ...options].join(',');
}

/**
 * The console goes to the terminals that are attached and to the pipe of the log (console-logger.ts); a hub, which QEMU has
 * from version 10 on, joins them. As a logfile the pipe gets every byte, with or without a terminal.
 */
function consoleOptions(files: InstanceFiles): string[] {
  const sockets = files.terminals.flatMap((path, index) => [
    ...['-chardev', `socket,id=terminal${index},path=${escapeComma(path)},server=on,wait=off`],
  ]);
  const joined = files.terminals.map((_, index) => `chardevs.${index}=terminal${index}`).join(',');
  const hub = `hub,id=console,${joined},logfile=${escapeComma(files.consolePipe)},logappend=on`;
  return [...sockets, '-chardev', hub, '-serial', 'chardev:console'];
}

/** In an option's value a comma is written twice (qemu(1)). */
export const escapeComma = (value: string): string => value.replaceAll(',', ',,');

// The instance directory is the only way processes talk about a machine: every file and socket of it, by name.

import { join } from 'node:path';
import { LabError } from '../../core/error.ts';
import type { LabPaths } from '../../core/paths.ts';

export type InstanceFiles = {
  name: string;
  directory: string;
  /** What the machine is (InstanceConfig). */
  config: string;
  /** The QEMU process it last ran as (InstanceRun). */
  run: string;
  pidFile: string;
  /** The disk that tells the guest who it is (parcel.ts). */
  parcel: string;
  /** Overlay of the profile's root disk, in profiles that have one. */
  rootDisk: string;
  sshKey: string;
  sshHostKeyPub: string;
  /** The console log: its current segment, and the directory of all (console-segments.ts). */
  consoleLog: string;
  consoleDirectory: string;
  /** The process that writes it. */
  logger: string;
  /** What QEMU itself said. */
  qemuLog: string;
  /** CPU resets and triple faults, as QEMU notes them. */
  cpuLog: string;
  events: string;
  /** Short paths: sockets live in the runtime directory. */
  sockets: string;
  /** QMP for commands, one short connection at a time, under the lock of this path. */
  qmp: string;
  /** QMP for observers: a QMP socket serves one client, so there are several; each is locked by its path. */
  watch: readonly string[];
  /** What QEMU writes the console into. */
  consolePipe: string;
  /** The console to read and write at: one client each, locked by its path. */
  terminals: readonly string[];
  /** QEMU's gdb stub, once it was asked for. */
  gdb: string;
};

const observers = 3;
const terminalCount = 3;
/** unix(7): sun_path holds 108 bytes with the final NUL. */
const maxSocketPath = 107;

/** Whether a machine may be called that; such a name cannot lead out of a directory. */
export const isInstanceName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,31}$/.test(name);

/** Throws `usage.invalid` for a name that is not one, or that makes socket paths too long. */
export function instanceFiles(paths: LabPaths, name: string): InstanceFiles {
  if (!isInstanceName(name))
    throw new LabError('usage.invalid', `${JSON.stringify(name)} is not a machine name`, {
      hint: 'use 1 to 32 of a-z, 0-9 and -, not beginning with -',
    });
  const directory = join(vmsDirectory(paths), name);
  const sockets = join(paths.runtime, name);
  const watch = Array.from({ length: observers }, (_, index) => join(sockets, `watch${index}.sock`));
  const terminals = Array.from({ length: terminalCount }, (_, index) => join(sockets, `console${index}.sock`));
  const longest = terminals[0] ?? sockets;
  if (Buffer.byteLength(longest) > maxSocketPath)
    throw new LabError('usage.invalid', `the socket path ${longest} is longer than ${maxSocketPath} bytes`, {
      hint: 'set XDG_RUNTIME_DIR to a shorter path, or choose a shorter name',
    });
  const inDirectory = (file: string) => join(directory, file);
  return {
    name,
    directory,
    config: inDirectory('vm.json'),
    run: inDirectory('run.json'),
    pidFile: inDirectory('qemu.pid'),
    parcel: inDirectory('parcel.img'),
    rootDisk: inDirectory('root.qcow2'),
    sshKey: inDirectory('ssh_key'),
    sshHostKeyPub: inDirectory('ssh_host_key.pub'),
    consoleLog: inDirectory('console/current'),
    consoleDirectory: inDirectory('console'),
    logger: inDirectory('logger.json'),
    qemuLog: inDirectory('qemu.log'),
    cpuLog: inDirectory('cpu.log'),
    events: inDirectory('events.ndjson'),
    sockets,
    qmp: join(sockets, 'qmp.sock'),
    watch,
    consolePipe: join(sockets, 'console.fifo'),
    terminals,
    gdb: join(sockets, 'gdb.sock'),
  };
}

export function vmsDirectory(paths: LabPaths): string {
  return join(paths.state, 'vms');
}

// What is written down about a machine: what it is (vm.json) and as which process it last ran (run.json). Whether it
// runs is never written: instance-state.ts derives it.

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { identifyProcess } from '../../core/host-process.ts';
import { readJson, writeJson } from '../../core/store.ts';
import type { InstanceFiles } from './instance-files.ts';

const processIdentity = z.object({ pid: z.number().int().positive(), startTicks: z.number() });

export const configSchema = z.object({
  name: z.string(),
  /** Full name of the target kernel. */
  target: z.string(),
  release: z.string(),
  accelerator: z.enum(['kvm', 'tcg']),
  cpus: z.number().int(),
  /** As QemuMachine has it. */
  cpusInTurns: z.boolean().optional(),
  memoryMiB: z.number().int(),
  commandLine: z.array(z.string()),
  /** Guest profile, as in images/profiles. */
  profile: z.string(),
  /** How QEMU last began: the kernel's own boot, or a saved state. */
  start: z.enum(['cold', 'snapshot']),
  /** Image with the kernel's symbols, for a debugger. */
  vmlinux: z.string().optional(),
  /** Host files it runs from; shared with other machines, never written. */
  boot: z.object({
    labRoot: z.string(),
    /** Another QEMU than the lab root's (LPL_QEMU). */
    qemu: z.string().optional(),
    kernel: z.string(),
    initramfs: z.string(),
    modulesDisk: z.string(),
    /** Backing file of the root disk's overlay. */
    rootDisk: z.string().optional(),
  }),
  /** Ports of the host that lead into the guest, beside those of every machine. */
  forwards: z.array(z.object({ host: z.number().int(), guest: z.number().int() })).default([]),
  /** Whether the guest may reach the host's network. */
  network: z.enum(['closed', 'open']).default('closed'),
  lifetime: z.enum(['kept', 'throw-away']),
  /** Who started it; a throw-away machine is orphaned when this process is gone. */
  owner: processIdentity,
});

const runSchema = z.object({
  process: processIdentity,
  /** Host ports on 127.0.0.1. */
  ports: z.object({ ssh: z.number().int(), service: z.number().int() }),
});

export type InstanceConfig = z.output<typeof configSchema>;
export type InstanceRun = z.output<typeof runSchema>;

/** Undefined when there is no such machine. */
export function readInstanceConfig(files: InstanceFiles): Promise<InstanceConfig | undefined> {
  return readJson(files.config, configSchema);
}

/** Undefined when it never ran. */
export async function readInstanceRun(files: InstanceFiles): Promise<InstanceRun | undefined> {
  return (await readJson(files.run, runSchema)) ?? (await runOfPidFile(files));
}

/** A kept machine whose starter died before it wrote run.json: the pid file was there first. Ports are unknown: 0. */
async function runOfPidFile(files: InstanceFiles): Promise<InstanceRun | undefined> {
  const pid = Number(await readFile(files.pidFile, 'utf8').catch(() => ''));
  const process = pid > 0 ? identifyProcess(pid) : undefined;
  if (!process) return undefined;
  return { process, ports: { ssh: 0, service: 0 } };
}

export function writeInstanceConfig(files: InstanceFiles, config: InstanceConfig): Promise<void> {
  return writeJson(files.config, config, 0o600);
}

export function writeInstanceRun(files: InstanceFiles, run: InstanceRun): Promise<void> {
  return writeJson(files.run, run, 0o600);
}

// Reports of troubles that a guest cannot tell of itself: it fell silent, or was reset without a word. QEMU knows more.

import { readFile } from 'node:fs/promises';
import type { ConsoleReport } from './console/console-report.ts';
import { lastConsoleLines } from './console/console.ts';
import { readGuestRegisters, summariseRegisters } from './guest-registers.ts';
import { silentAfterMs } from './heartbeat.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { withQmp } from './qemu/qmp-access.ts';

/** What a silent guest is doing; undefined when it is stopped, and so is silent by right. Rejects as withQmp does. */
export async function reportSilence(files: InstanceFiles, signal: AbortSignal): Promise<ConsoleReport | undefined> {
  const { running } = await withQmp(files, signal, (qmp) => qmp.execute<{ running: boolean }>('query-status'));
  if (!running) return undefined;
  const lines = await readGuestRegisters(files, signal);
  const doing = summariseRegisters(lines.join('\n')).join('; ');
  const text = `the guest has neither printed nor answered for ${silentAfterMs / 1000} s: ${doing}`;
  return { problem: { kind: 'silent-hang', text }, lines, at: Date.now() };
}

/** How the kernel announces that it will reset the machine, or why it must. */
const announced = /reboot: |sysrq: Resetting|Kernel panic - not syncing|Rebooting in \d+ seconds/;

/** Why a guest reset its machine; undefined when it had said so on its console. */
export async function reportReset(files: InstanceFiles): Promise<ConsoleReport | undefined> {
  const last = await lastConsoleLines(files.consoleLog, 60);
  const fault = await tripleFault(files);
  if (!fault && last.some((line) => announced.test(line))) return undefined;
  const text = fault ?? 'the guest was reset without a word: a triple fault, or a write to a reset port';
  return { problem: { kind: 'triple-fault', text }, lines: last, at: Date.now() };
}

/** Undefined when QEMU noted none; under KVM it notes none at all. */
export async function tripleFault(files: InstanceFiles): Promise<string | undefined> {
  const log = await readFile(files.cpuLog, 'utf8').catch(() => '');
  return /^Triple fault$/m.test(log) ? 'triple fault: the CPU could not even deliver a double fault' : undefined;
}

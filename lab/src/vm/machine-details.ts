// Everything there is to know about one machine without asking its guest.

import type { LabPaths } from '../core/paths.ts';
import { knownAccelerator } from './accelerator.ts';
import { lastConsole } from './console/console.ts';
import type { ConsoleLine } from './console/console-line.ts';
import { type ConsoleReport, findReports } from './console/console-report.ts';
import { instanceFiles } from './instance/instance-files.ts';
import { readInstanceConfig } from './instance/instance-record.ts';
import { markers } from './readiness.ts';
import { type MachineStatus, machineStatus } from './machine-status.ts';
import { type MemoryUse, memoryUse } from './qemu/memory-use.ts';

export type MachineDetails = MachineStatus & {
  /** Why that accelerator, where that is known. */
  acceleratorReason?: string;
  /** Kernel parameters. */
  commandLine: string[];
  /** The last trouble of this boot on its console, with registers and stack. */
  lastReport?: ConsoleReport;
  /** Of its QEMU, on the host. */
  memory?: MemoryUse;
};

const recentLines = 1_000;

/** Throws `vm.unknown`. */
export async function machineDetails(paths: LabPaths, name: string, signal: AbortSignal): Promise<MachineDetails> {
  const files = instanceFiles(paths, name);
  const status = await machineStatus(files, signal);
  const [config, choice, memory, lines] = await Promise.all([
    readInstanceConfig(files).catch(() => undefined),
    knownAccelerator(paths),
    status.pid === undefined ? undefined : memoryUse(status.pid),
    lastConsole(files.consoleLog, recentLines),
  ]);
  const lastReport = findReports(sinceBoot(lines)).at(-1);
  return {
    ...status,
    ...(lastReport ? { lastReport } : {}),
    commandLine: config?.commandLine ?? [],
    ...(choice?.accelerator === status.accelerator ? { acceleratorReason: choice.reason } : {}),
    ...(memory ? { memory } : {}),
  };
}

/** What the guest has printed since init last began: a reset leaves the trouble of before behind. */
function sinceBoot(lines: readonly ConsoleLine[]): readonly ConsoleLine[] {
  return lines.slice(lines.findLastIndex(({ text }) => text.includes(markers.waiting)) + 1);
}

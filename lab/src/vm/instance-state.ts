// What a machine is doing, derived each time: is that very QEMU process alive, what does QMP say, how did the console end.

import { statfs } from 'node:fs/promises';
import { isAlive, processArgv, type ProcessIdentity } from '../core/host-process.ts';
import { isLabError } from '../core/error.ts';
import { lastConsoleLines } from './console/console.ts';
import { keepLogging } from './console/console-logger.ts';
import { classifyConsoleLine } from './console/console-problem.ts';
import { tripleFault } from './crash-report.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import {
  type InstanceConfig,
  type InstanceRun,
  readInstanceConfig,
  readInstanceRun,
} from './instance/instance-record.ts';
import { escapeComma, processName } from './qemu/qemu-argv.ts';
import { withQmp } from './qemu/qmp-access.ts';

export type InstanceState = {
  files: InstanceFiles;
  state: 'running' | 'paused' | 'panicked' | 'stopped' | 'broken';
  reason?: string;
  /** Absent when the directory holds no readable vm.json. */
  config?: InstanceConfig;
  /** Only of a live machine. */
  run?: InstanceRun;
};

/**
 * True while the QEMU of that instance lives: pid, start time, and in its argv the name and the socket of this lab's
 * instance. Another lab may have a machine of that name, and a stale pid file may name anybody.
 */
export function isInstanceProcess(files: InstanceFiles, identity: ProcessIdentity): boolean {
  if (!isAlive(identity)) return false;
  const argv = processArgv(identity.pid);
  const socket = `unix:${escapeComma(files.qmp)},`;
  return (
    argv.some((word) => word.startsWith(`guest=${processName(files.name)},`)) &&
    argv.some((word) => word.startsWith(socket))
  );
}

/** Undefined when there is no such machine. A machine whose files cannot be read is `broken`, with the reason. */
export async function inspectInstance(files: InstanceFiles, signal: AbortSignal): Promise<InstanceState | undefined> {
  try {
    const config = await readInstanceConfig(files);
    if (!config) return undefined;
    const run = await readInstanceRun(files);
    if (!run || !isInstanceProcess(files, run.process)) return { files, config, ...(await howItEnded(files)) };
    await keepLogging(files);
    return { files, config, run, ...(await askQemu(files, signal)) };
  } catch (error) {
    if (isLabError(error) && error.code.startsWith('state.')) return { files, state: 'broken', reason: error.message };
    throw error;
  }
}

async function askQemu(files: InstanceFiles, signal: AbortSignal): Promise<Pick<InstanceState, 'state' | 'reason'>> {
  try {
    const { status } = await withQmp(files, signal, (qmp) => qmp.execute<{ status: string }>('query-status'));
    if (status === 'running') return { state: 'running' };
    return { state: status === 'guest-panicked' ? 'panicked' : 'paused', reason: status };
  } catch (error) {
    if (isLabError(error, 'vm.dead')) return { state: 'stopped', reason: 'QEMU has just ended' };
    if (isLabError(error, 'qemu.mute') && (await isDiskFull(files)))
      return { state: 'broken', reason: `no room in ${files.directory}: the guest stands still until there is` };
    if (isLabError(error)) return { state: 'broken', reason: error.message };
    throw error;
  }
}

/** The console log is evidence: while it cannot be written, QEMU waits for its logger, and goes on when there is room. */
async function isDiskFull({ directory }: InstanceFiles): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < 64 * 1024;
}

async function howItEnded(files: InstanceFiles): Promise<Pick<InstanceState, 'state' | 'reason'>> {
  const panic = (await lastConsoleLines(files.consoleLog, 400))
    .map(classifyConsoleLine)
    .findLast((it) => it?.kind === 'panic');
  const reason = panic?.text ?? (await tripleFault(files));
  return reason === undefined ? { state: 'stopped' } : { state: 'panicked', reason };
}

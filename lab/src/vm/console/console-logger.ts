// Who writes a machine's console log: svlogd (runit), which gives each line the host's time and turns the log over, so that
// it stays small however much the guest prints. It reads what QEMU writes into a named pipe, ends by itself when QEMU does,
// and needs nobody of ours alive. It writes whole lines: of a guest that dies within a line that piece is lost.

import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { startDetached } from '../../core/detached-process.ts';
import { isLabError } from '../../core/error.ts';
import { makeFifo } from '../../core/fifo.ts';
import { isAlive, type ProcessIdentity, processArgv } from '../../core/host-process.ts';
import { withLock } from '../../core/lock.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { waitUntil } from '../../core/wait.ts';
import type { InstanceFiles } from '../instance/instance-files.ts';
import { readInstanceConfig } from '../instance/instance-record.ts';
import { labRootArgv } from '../qemu/lab-root.ts';

const segmentBytes = 8 * 1024 * 1024;
const oldSegments = 3;
/** The log of a machine never takes more than this. */
export const consoleLogBytes = segmentBytes * (oldSegments + 1);

const recordSchema = z.object({ pid: z.number().int().positive(), startTicks: z.number() });
const endMs = 10_000;

/**
 * Starts a new log. QEMU may be started then; call `release` when it has opened the pipe, or will not. Rejects as
 * startDetached does.
 */
export async function startConsoleLogger(
  { labRoot, files }: { labRoot: string; files: InstanceFiles },
  signal: AbortSignal,
): Promise<{ release: () => void }> {
  await endConsoleLogger(files);
  await rm(files.consoleDirectory, { recursive: true, force: true });
  await mkdir(files.consoleDirectory, { mode: 0o700 });
  // s: size of a segment, n: old ones kept, N: fewest kept when the disk is full (svlogd(8)).
  await writeFile(join(files.consoleDirectory, 'config'), `s${segmentBytes}\nn${oldSegments}\nN1\n`);
  await writeFile(files.consoleLog, '', { mode: 0o600 });
  const fifo = await makeFifo(files.consolePipe, signal);
  await launch(labRoot, files, fifo.openReader());
  return { release: fifo.release };
}

/** What the log says where something may be missing. */
export const consoleGap = 'lpl: the console was not logged for a while before this line, for its logger had died';

/** Starts the logger of a running machine again if it was killed; what the guest printed meanwhile is lost, and said so. */
export async function keepLogging(files: InstanceFiles): Promise<void> {
  if (await isLogging(files)) return;
  const labRoot = (await readInstanceConfig(files))?.boot.labRoot;
  if (!labRoot) return;
  const { signal } = new AbortController();
  try {
    await withLock(files.consolePipe, { signal, waitMs: 0 }, async () => {
      if (await isLogging(files)) return;
      // Not blocking, for QEMU may end just now.
      await launch(labRoot, files, openSync(files.consolePipe, constants.O_RDONLY | constants.O_NONBLOCK));
      const pipe = openSync(files.consolePipe, constants.O_WRONLY | constants.O_NONBLOCK);
      writeSync(pipe, `\n${consoleGap}\n`);
      closeSync(pipe);
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Someone else is at it, or the machine has just gone.
    if (!isLabError(error, 'state.locked') && code !== 'ENXIO' && code !== 'ENOENT') throw error;
  }
}

async function isLogging(files: InstanceFiles): Promise<boolean> {
  return (await loggerOf(files)) !== undefined;
}

/** Resolves when the logger of a QEMU that is gone has written everything; one that does not end is ended. */
export async function endConsoleLogger(files: InstanceFiles): Promise<void> {
  const logger = await loggerOf(files);
  if (!logger) return;
  const { signal } = new AbortController();
  const wait = { what: `the console log of ${files.name}`, timeoutMs: endMs, intervalMs: 5, signal };
  await waitUntil(wait, () => !isAlive(logger) || undefined).catch((error: unknown) => {
    if (!isLabError(error, 'op.timeout')) throw error;
    if (isAlive(logger)) process.kill(logger.pid, 'SIGKILL');
  });
}

async function launch(labRoot: string, files: InstanceFiles, stdin: number): Promise<void> {
  const argv = labRootArgv(labRoot, 'usr/bin/svlogd', '-ttt', files.consoleDirectory);
  await writeJson(files.logger, await startDetached(argv, stdin), 0o600);
}

/** The live logger: that process, and it is one. */
async function loggerOf(files: InstanceFiles): Promise<ProcessIdentity | undefined> {
  const identity = await readJson(files.logger, recordSchema);
  if (!identity || !isAlive(identity)) return undefined;
  return processArgv(identity.pid).includes(files.consoleDirectory) ? identity : undefined;
}

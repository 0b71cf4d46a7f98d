// Writes a guest's memory to a file for crash(8), through a pipe of ours: QEMU has no command to cancel a dump, but gives
// up when nobody reads it any more; so a cancelled or killed lpl ends the dump, and the file is ours from the first byte.

import { createWriteStream } from 'node:fs';
import { access, rename, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withCleanup } from '../core/cleanup.ts';
import { requireFreeSpace } from '../core/disk-space.ts';
import { LabError } from '../core/error.ts';
import { makeFifo } from '../core/fifo.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { waitUntil } from '../core/wait.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { withQmp } from './qemu/qmp-access.ts';

/** `kdump`: compressed pages without the zero ones (makedumpfile's flattened form); `elf`: a core file as big as memory. */
export type DumpFormat = 'kdump' | 'elf';

export type MemoryDump = { file: string; bytes: number; format: DumpFormat };

type DumpStatus = { status: 'none' | 'active' | 'completed' | 'failed'; completed: number; total: number };

/** QEMU reads half a gigabyte in three seconds; a guest of many takes its time. */
const dumpMs = 30 * 60_000;

/**
 * Dumps the memory of a running machine, which stands still meanwhile, to `file`. Rejects with `host.no-space` before it
 * begins, `command.failed` with QEMU's words, `vm.dead`; then no file is left.
 */
export function dumpMemory(
  { files, memoryMiB, file, format }: { files: InstanceFiles; memoryMiB: number; file: string; format: DumpFormat },
  ctx: OpContext,
): Promise<MemoryDump> {
  return runStage(ctx, { id: 'dump', title: `memory of ${files.name}` }, (stage) =>
    withCleanup(async (defer) => {
      const path = resolve(file);
      await checkSpace(path, memoryMiB);
      const part = join(dirname(path), `.${basename(path)}.part`);
      defer(`remove ${part}`, () => rm(part, { force: true }));
      const pipe = join(files.sockets, 'dump.fifo');
      const fifo = await makeFifo(pipe, stage.signal);
      defer('remove the pipe', () => (fifo.release(), rm(pipe, { force: true })));
      const stop = new AbortController();
      const source = new Socket({ fd: fifo.openPolledReader(), readable: true, writable: false });
      defer('stop reading', () => source.destroy());
      const signal = AbortSignal.any([stage.signal, stop.signal]);
      const writing = pipeline(source, createWriteStream(part, { mode: 0o600 }), { signal });
      writing.catch(() => stop.abort());
      try {
        await dump(files, pipe, format, fifo.release, { ...stage, signal });
        await writing;
      } catch (error) {
        // A disk that fills up ends the writing, and with it the dump: the disk is the news.
        stop.abort(error);
        const cause: unknown = await writing.then(() => error).catch((first: unknown) => first);
        stage.signal.throwIfAborted();
        throw asDumpError(cause === error || isAbort(cause) ? error : cause, path);
      }
      const bytes = source.bytesRead;
      await rename(part, path);
      stage.note(`${(bytes / 1e6).toFixed(1)} MB in ${path}`);
      return { file: path, bytes, format };
    }),
  );
}

/** Runs the dump to its end, one short connection a look, so that others can ask QEMU meanwhile. */
async function dump(
  files: InstanceFiles,
  pipe: string,
  format: DumpFormat,
  onOpened: () => void,
  ctx: StageContext,
): Promise<void> {
  const formats = { kdump: 'kdump-zlib', elf: 'elf' };
  const request = { paging: false, protocol: `file:${pipe}`, detach: true, format: formats[format] };
  await withQmp(files, ctx.signal, (qmp) => qmp.execute('dump-guest-memory', request));
  // It has opened the pipe before it answers.
  onOpened();
  await waitUntil({ what: `the dump of ${files.name}`, timeoutMs: dumpMs, intervalMs: 200, signal: ctx.signal }, () =>
    withQmp(files, ctx.signal, async (qmp) => {
      const { status, completed, total } = await qmp.execute<DumpStatus>('query-dump');
      ctx.progress(completed, total, 'bytes');
      if (status === 'failed') throw new LabError('command.failed', `QEMU of ${files.name} gave the dump up`);
      return status === 'completed' ? true : undefined;
    }),
  );
}

/** An ELF dump is as big as memory, a compressed one at most a little bigger. */
async function checkSpace(path: string, memoryMiB: number): Promise<void> {
  const directory = dirname(path);
  await access(directory).catch((error: unknown) => {
    throw new LabError('usage.invalid', `there is no directory ${directory}`, { cause: error, hint: 'make it first' });
  });
  await requireFreeSpace(directory, memoryMiB + 16, 'a dump');
}

const isAbort = (error: unknown) => error instanceof Error && error.name === 'AbortError';

function asDumpError(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException | undefined)?.code !== 'ENOSPC') return error;
  return new LabError('host.no-space', `${path}: the disk is full`, { cause: error, hint: 'make room and run again' });
}

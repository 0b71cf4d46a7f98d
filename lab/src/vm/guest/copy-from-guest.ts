// Copies a file or a directory from a guest to the host, over ssh alone. The guest may be hostile: what it sends is only ever
// written below a directory made for it, without set-id bits, and renamed when it is whole.

import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-fs';
import { withCleanup } from '../../core/cleanup.ts';
import { LabError } from '../../core/error.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import type { Copied } from './copy-to-guest.ts';
import { countBytes } from './count-bytes.ts';
import type { Guest } from './guest.ts';

declare module 'tar-fs' {
  interface ExtractOptions {
    /** Whether root gives files the owners named in the archive. */
    chown?: boolean;
    /** Bits taken from every mode; the process's own umask otherwise. */
    umask?: number;
  }
}

type Source = { kind: 'file' | 'directory'; mode: number; bytes: number };

/**
 * Copies `from` (guest) to `to` (host): into it when it is a directory, else under that name, replacing a file but never
 * a directory. Keeps permission bits, and symbolic links that stay inside. Files of /proc and /sys, which have no size,
 * are copied too. Rejects with `usage.invalid`, `guest.command-failed` or `guest.unreachable`.
 */
export function copyFromGuest(
  guest: Guest,
  { from, to }: { from: string; to: string },
  ctx: OpContext,
): Promise<Copied> {
  return runStage(ctx, { id: 'copy', title: `copy ${basename(from)} from ${guest.name}` }, (stage) =>
    withCleanup(async (defer) => {
      const { signal } = stage;
      const source = await inspect(guest, from, signal);
      const final = await destination(to, basename(from));
      const part = await mkdtemp(join(dirname(final), '.lpl-cp-'));
      defer(`remove ${part}`, () => rm(part, { recursive: true, force: true }));
      const copy = join(part, 'copy');
      const [send, sink]: [readonly [string, ...string[]], Writable] =
        source.kind === 'file'
          ? [['cat', from], createWriteStream(copy, { mode: 0o600 })]
          : [['tar', '-cf', '-', '-C', from, '.'], tar.extract(copy, { chown: false, strict: false, umask: 0 })];
      const pipe = await guest.pipe(send, { signal });
      let received = 0;
      const counter = countBytes((bytes) => {
        received = bytes;
        stage.progress(bytes, source.bytes || undefined, 'bytes');
      });
      try {
        await pipeline(pipe.output, counter, sink, { signal });
      } catch (error) {
        pipe.close();
        signal.throwIfAborted();
        throw new LabError('guest.command-failed', `${guest.name}: ${from}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      const { exitCode } = await pipe.ended;
      if (exitCode !== 0)
        throw new LabError(
          exitCode === undefined ? 'guest.unreachable' : 'guest.command-failed',
          `${guest.name}: ${from} could not be read: ${pipe.said().split('\n').at(-1) || 'the connection broke'}`,
        );
      await chmod(copy, source.mode & 0o777);
      await rename(copy, final);
      return { from: `${guest.name}:${from}`, to: final, bytes: received };
    }),
  );
}

async function inspect(guest: Guest, from: string, signal: AbortSignal): Promise<Source> {
  const script =
    '[ -d "$0" ] && echo directory || { [ -f "$0" ] && echo file; } || exit 3; stat -Lc %a "$0"; find "$0/." -type f -exec stat -c %s {} + 2>/dev/null || stat -Lc %s "$0"';
  const { stdout, exitCode } = await guest.exec(['sh', '-c', script, from], { signal });
  if (exitCode === 3)
    throw new LabError('usage.invalid', `${guest.name} has no file or directory ${from}`, { hint: 'check the path' });
  const [kind, mode, ...sizes] = stdout.trim().split('\n');
  const bytes = sizes.reduce((sum, size) => sum + Number(size), 0);
  return { kind: kind === 'directory' ? 'directory' : 'file', mode: parseInt(mode ?? '600', 8), bytes };
}

/** The host path it shall have. Throws `usage.invalid`. */
async function destination(to: string, name: string): Promise<string> {
  const isDirectory = async (path: string) => (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  const final = (await isDirectory(to)) ? join(to, name) : resolve(to);
  if (to.endsWith('/') && !(await isDirectory(to)))
    throw new LabError('usage.invalid', `there is no directory ${to}`, { hint: `\`mkdir -p ${to}\`` });
  if (await isDirectory(final))
    throw new LabError('usage.invalid', `${final} is a directory already`, {
      hint: 'remove it first, or copy under another name',
    });
  if (!(await isDirectory(dirname(final))))
    throw new LabError('usage.invalid', `there is no directory ${dirname(final)}`, {
      hint: `\`mkdir -p ${dirname(final)}\``,
    });
  return final;
}

// Copies a file or a directory from the host into a guest, over ssh alone: dropbear has no sftp server, and the tiny guest
// has cat and tar. Under its final name there is nothing or the whole: it arrives beside it and is then renamed.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-fs';
import { withCleanup } from '../../core/cleanup.ts';
import { LabError } from '../../core/error.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import { countBytes } from './count-bytes.ts';
import type { Guest } from './guest.ts';
import { treeBytes } from './tree-bytes.ts';

declare module 'tar-fs' {
  interface PackOptions {
    /** Bits taken from every mode; the process's own umask otherwise. */
    umask?: number;
  }
}

export type Copied = { from: string; to: string; bytes: number };

/**
 * Copies `from` (host) to `to` (guest): into it when it is a directory, else under that name, replacing a file but never
 * a directory. Keeps permission bits and symbolic links; what arrives belongs to root. Rejects with `usage.invalid` when
 * `from` is missing or `to` cannot be, `guest.command-failed` with the guest's words, or `guest.unreachable`.
 */
export function copyToGuest(guest: Guest, { from, to }: { from: string; to: string }, ctx: OpContext): Promise<Copied> {
  return runStage(ctx, { id: 'copy', title: `copy ${basename(from)} to ${guest.name}` }, (stage) =>
    withCleanup(async (defer) => {
      const source = await stat(from).catch(() => undefined);
      if (!source?.isFile() && !source?.isDirectory())
        throw new LabError('usage.invalid', `${from} is neither a file nor a directory`, { hint: 'check the path' });
      const { signal } = stage;
      const place = await reserve(guest, to, basename(from), signal);
      defer(`remove ${place.part}`, () =>
        guest.exec(['rm', '-rf', place.part], { signal: new AbortController().signal }),
      );
      const total = await treeBytes(from);
      const [receive, content]: [readonly [string, ...string[]], Readable] = source.isFile()
        ? [['sh', '-c', 'cat > "$0"', `${place.part}/copy`], createReadStream(from)]
        : [['tar', '-xf', '-', '-C', place.part], packTree(from)];
      const pipe = await guest.pipe(receive, { signal });
      pipe.output.resume();
      const counter = countBytes((bytes) => stage.progress(Math.min(bytes, total), total, 'bytes'));
      const sent = pipeline(content, counter, pipe.input, { signal });
      // A guest that cannot write (full, read-only) ends the command early: its words say more than the broken pipe.
      const [broken, { exitCode }] = await Promise.all([
        sent.then(() => undefined).catch((error: unknown) => error as Error),
        pipe.ended,
      ]);
      signal.throwIfAborted();
      if (exitCode !== 0 || broken)
        throw new LabError(
          exitCode === undefined ? 'guest.unreachable' : 'guest.command-failed',
          `${guest.name}: ${place.final} could not be written: ${pipe.said().split('\n').at(-1) || (broken?.message ?? 'the connection broke')}`,
        );
      await publish(guest, place, (source.mode & 0o777).toString(8), signal);
      return { from, to: `${guest.name}:${place.final}`, bytes: total };
    }),
  );
}

type Place = { part: string; final: string };

/** Where it will go, and an empty directory beside that. */
async function reserve(guest: Guest, to: string, name: string, signal: AbortSignal): Promise<Place> {
  const script = [
    'final=$0',
    'case $final in */) final=${final%/}; [ -d "$final" ] || exit 3;; esac',
    '[ ! -d "$final" ] || final=${final%/}/$1',
    '[ ! -d "$final" ] || exit 4',
    'directory=$(dirname "$final")',
    '[ -d "$directory" ] || exit 3',
    'part=$directory/.lpl-cp-$$',
    'mkdir -m 700 "$part" && echo "$final" && echo "$part"',
  ].join('\n');
  const { stdout, stderr, exitCode } = await guest.exec(['sh', '-c', script, to, name], { signal });
  const [final, part] = stdout.split('\n');
  if (exitCode === 3)
    throw new LabError('usage.invalid', `${guest.name} has no directory ${to.endsWith('/') ? to : dirname(to)}`, {
      hint: `\`lpl vm ssh ${guest.name} mkdir -p ${to.endsWith('/') ? to : dirname(to)}\``,
    });
  if (exitCode === 4)
    throw new LabError('usage.invalid', `${guest.name} has a directory in place of ${to} already`, {
      hint: 'remove it first, or copy under another name',
    });
  if (exitCode !== 0 || !final || !part)
    throw new LabError('guest.command-failed', `${guest.name}: cannot write beside ${to}: ${stderr.trim()}`);
  return { part, final };
}

/** Gives it its mode and its name. */
async function publish(guest: Guest, { part, final }: Place, mode: string, signal: AbortSignal): Promise<void> {
  const script = 'chmod "$1" "$0/copy" && mv "$0/copy" "$2"';
  const { exitCode, stderr } = await guest.exec(['sh', '-c', script, part, mode, final], { signal });
  if (exitCode !== 0) throw new LabError('guest.command-failed', `${guest.name}: ${final}: ${stderr.trim()}`);
}

/** The tree as a tar stream, its root named `copy`. Sockets and devices on the host are no content and are left out. */
function packTree(from: string): Readable {
  return tar.pack(from, {
    strict: false,
    umask: 0,
    map: (header) => ({ ...header, name: header.name === '.' ? 'copy' : `copy/${header.name}`, uid: 0, gid: 0 }),
  });
}

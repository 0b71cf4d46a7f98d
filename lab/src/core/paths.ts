// Every directory of the lab, by name. XDG base directories; documented in CONTRIBUTING.md.

import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './error.ts';

const app = 'livepatch-lab';

export type LabPaths = {
  /** Content-addressed and deletable: packages, toolroots, kernels, builds, images. */
  cache: string;
  /** Instances (`vms/NAME`), trials (`trials/ID`). */
  state: string;
  /** Sockets; short, because sun_path holds 108 bytes (unix(7)). */
  runtime: string;
  /** A QEMU of the user's own to use instead of the lab's (LPL_QEMU). */
  qemu?: string;
};

/** The lab's directories for this environment; creates none of them but checks nothing either. */
export function labPaths(env: Readonly<Record<string, string | undefined>> = process.env): LabPaths {
  const home = env['HOME'] ?? homedir();
  const base = (name: string, fallback: string) => join(env[name] || join(home, fallback), app);
  const state = base('XDG_STATE_HOME', '.local/state');
  // One runtime directory per state directory, so that labs with separate XDG directories never meet.
  const tag = createHash('sha256').update(state).digest('hex').slice(0, 8);
  const runtimeBase = env['XDG_RUNTIME_DIR'] || tmpdir();
  const runtime = join(runtimeBase, `lpl-${process.getuid?.()}-${tag}`);
  const qemu = env['LPL_QEMU'];
  return { cache: base('XDG_CACHE_HOME', '.cache'), state, runtime, ...(qemu ? { qemu } : {}) };
}

/** Creates a directory that only its owner may enter. Throws `state.corrupt` if someone else made it first, `host.unwritable`. */
export function privateDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // What node says of a read-only file system when it was to make parents too.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new LabError('host.unwritable', `mkdir ${path}: read-only file system`, {
      cause: error,
      hint: 'choose a writable place with XDG_STATE_HOME',
    });
  }
  const stat = lstatSync(path);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.())
    throw new LabError('state.corrupt', `${path} is not a directory of this user`, { hint: `remove ${path}` });
  if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
  return path;
}

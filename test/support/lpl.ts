// The lpl command as users run it: a process, its exit code, its JSON.

import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { makeCacheWithOwn } from './own-rooms.ts';
import { qemusOf } from './test-machine.ts';

export const lplProgram = join(import.meta.dirname, '../../lab/bin/lpl.mjs');

export type LplRun = {
  process: ChildProcess;
  /** Events on stderr as they come. */
  events: LabEvent[];
  /** Resolves with the first event for which `wanted` is true. */
  event(wanted: (event: LabEvent) => boolean): Promise<LabEvent>;
  ended: Promise<{ code: number; json: Record<string, unknown>; stderr: string; ms: number }>;
};

export type CliLab = {
  /** State and sockets of this lab. */
  directory: string;
  /** Environment of what is run. */
  env: Record<string, string>;
  start(...words: string[]): LplRun;
  run(...words: string[]): LplRun['ended'];
  /** `run` with a tmpfs of its own over the directory `disk`; `options` of mount(8). */
  onDisk(disk: string, options: string, ...words: string[]): LplRun['ended'];
  /** QEMUs of this lab. */
  qemus(): Promise<{ pid: number; guest: string }[]>;
  /** Removes the directory; fails if a QEMU is left. */
  close(): Promise<void>;
};

/** An lpl with state directories of its own and the user's cache, with `own` snapshots and benches in it or the user's too. */
export async function openCliLab(snapshots: 'shared' | 'own' = 'shared'): Promise<CliLab> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-cli-'));
  if (snapshots === 'own') await makeCacheWithOwn(['snapshots', 'builds'], join(directory, 'cache/livepatch-lab'));
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    XDG_CACHE_HOME: snapshots === 'own' ? join(directory, 'cache') : dirname(labPaths().cache),
    XDG_STATE_HOME: join(directory, 'state'),
    XDG_RUNTIME_DIR: directory,
  };
  const lpl = [process.execPath, lplProgram, '--json'] as const;
  const start = (...words: string[]) => startLpl(env, [...lpl, ...words]);
  return {
    directory,
    env,
    start,
    run: (...words) => start(...words).ended,
    onDisk: async (disk, options, ...words) => {
      await mkdir(disk, { recursive: true });
      const inside = ['--import', 'tsx', join(import.meta.dirname, 'on-small-disk.ts'), disk, options];
      const namespace = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
      return startLpl(env, [...namespace, process.execPath, ...inside, ...lpl, ...words]).ended;
    },
    qemus: () => qemusOf(directory),
    close: async () => {
      const left = await qemusOf(directory);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      await rm(directory, { recursive: true });
      assert.deepEqual(left, [], 'a test left a QEMU behind');
    },
  };
}

/** Starts a command line that runs `lpl --json`. */
function startLpl(env: Record<string, string>, [program = '', ...words]: readonly string[]): LplRun {
  const started = performance.now();
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const events: LabEvent[] = [];
  const watchers = new Set<(event: LabEvent) => void>();
  let [stdout, stderr, partial] = ['', '', ''];
  child.stdout.on('data', (chunk) => void (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
    const lines = (partial + String(chunk)).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines.filter((text) => text.startsWith('{'))) {
      const event = JSON.parse(line) as LabEvent;
      events.push(event);
      for (const watcher of watchers) watcher(event);
    }
  });
  const ended = new Promise<Awaited<LplRun['ended']>>((resolve) => {
    child.once('close', (code, signal) => {
      const json = (stdout.startsWith('{') ? JSON.parse(stdout) : {}) as Record<string, unknown>;
      resolve({ code: code ?? (signal === 'SIGKILL' ? 137 : 143), json, stderr, ms: performance.now() - started });
    });
  });
  const event = (wanted: (event: LabEvent) => boolean) =>
    new Promise<LabEvent>((resolve, reject) => {
      const found = events.find(wanted);
      if (found) return resolve(found);
      watchers.add((next) => wanted(next) && resolve(next));
      void ended.then(() => reject(new Error(`lpl ended without that event:\n${stderr.slice(-2000)}`)));
    });
  return { process: child, events, event, ended };
}

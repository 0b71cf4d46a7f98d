// Starts QEMU through node-qemu, fenced: its outcome is the first of exit, spawn error and pid file, and its own pid file
// handling is never used (node-qemu 1.3.0 misses an exit that comes while it writes one, then stop() hangs).

import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { QemuProcess } from 'node-qemu';
import type { Argv } from '../core/command.ts';
import { LabError } from '../core/error.ts';
import { identifyProcess, type ProcessIdentity } from '../core/host-process.ts';
import { waitUntil } from '../core/wait.ts';
import type { InstanceFiles } from './instance-files.ts';

const startMs = 20_000;

/**
 * Starts QEMU and returns its identity once it runs with all its sockets open. A kept machine daemonizes by itself; a
 * throw-away one is killed by the kernel when the starting thread ends (setpriv --pdeathsig: bound to the *thread* that
 * forked, so call this from a thread that lives as long as the machine shall). Rejects with `qemu.not-found` or
 * `qemu.exited` with QEMU's own words.
 */
export async function startQemu(
  request: { argv: Argv; lifetime: 'kept' | 'throw-away'; files: InstanceFiles },
  signal: AbortSignal,
): Promise<ProcessIdentity> {
  const { argv, lifetime, files } = request;
  const [binary, ...args] = lifetime === 'kept' ? argv : (['setpriv', '--pdeathsig', 'KILL', '--', ...argv] as const);
  const qemu = new QemuProcess({ binary, config: { extraArgs: args } });
  let said = '';
  const log = (text: string) => {
    said = (said + text).slice(-4000);
    appendFileSync(files.qemuLog, text, { mode: 0o600 });
  };
  let failure: LabError | undefined;
  let hasExited = false;
  qemu.on('stdout', log);
  qemu.on('stderr', log);
  qemu.on('error', (error: NodeJS.ErrnoException) => {
    failure = new LabError(
      error.code === 'ENOENT' ? 'qemu.not-found' : 'qemu.exited',
      `cannot run ${binary}: ${error.message}`,
      {
        hint: 'run `lpl doctor --fix`',
      },
    );
  });
  qemu.on('exit', (code, killer) => {
    hasExited = true;
    if (code !== 0 || lifetime === 'throw-away') failure ??= qemuExited(files.name, code ?? killer, said, argv);
  });
  await qemu.start();
  try {
    return await waitUntil(
      { what: `QEMU of ${files.name} to start`, timeoutMs: startMs, intervalMs: 10, signal },
      async () => {
        if (failure) throw failure;
        // The parent of a daemonized QEMU exits when the child is ready; a child of ours writes the pid file when it is.
        if (lifetime === 'kept' && !hasExited) return undefined;
        const pid = Number(await readFile(files.pidFile, 'utf8').catch(() => ''));
        return pid > 0 ? identifyProcess(pid) : undefined;
      },
    );
  } catch (error) {
    const { pid } = qemu;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    throw error;
  }
}

function qemuExited(name: string, how: number | string | null, said: string, argv: Argv): LabError {
  const lines = said.trim().split('\n');
  return new LabError('qemu.exited', `QEMU of ${name} ended at once (${how}): ${lines.at(-1)?.slice(0, 300)}`, {
    hint: 'run `lpl doctor`; the whole output is in the details',
    details: { argv, output: lines },
  });
}

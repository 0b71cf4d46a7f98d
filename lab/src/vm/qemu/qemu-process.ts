// Starts QEMU through node-qemu, fenced: listeners stand before start(), its own pid file handling is never used
// (node-qemu 1.3.0 misses an exit that comes while it writes one, and then stop() hangs), and every wait is bounded.

import { appendFileSync, existsSync } from 'node:fs';
import { chmod, readFile } from 'node:fs/promises';
import { QemuProcess } from 'node-qemu';
import type { Argv } from '../../core/command.ts';
import { LabError } from '../../core/error.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../core/host-process.ts';
import { waitUntil } from '../../core/wait.ts';
import type { InstanceFiles } from '../instance/instance-files.ts';

const startMs = 20_000;
/** What a dead QEMU wrote is still on its way through a pipe; how long it is waited for. */
const lastWordsMs = 500;

export type Launch = {
  /** Argv of launchArgv. */
  argv: Argv;
  lifetime: 'kept' | 'throw-away';
  files: InstanceFiles;
  /** Called as soon as the process exists, before it is known to work. */
  onProcess: (identity: ProcessIdentity) => Promise<void>;
};

/** Resolves once QEMU listens on all its sockets. Rejects with `qemu.not-found` or `qemu.exited` with QEMU's own words. */
export async function startQemu(launch: Launch, signal: AbortSignal): Promise<ProcessIdentity> {
  const { files } = launch;
  const { child, failure } = spawnQemu(launch, signal);
  await child.start();
  const waitFor = <T>(what: string, probe: () => Promise<T | undefined> | T | undefined) =>
    waitUntil({ what, timeoutMs: startMs, intervalMs: 3, signal }, async () => {
      const error = await failure();
      if (error) throw error;
      return probe();
    });
  let identity: ProcessIdentity | undefined;
  try {
    const started = await waitFor(`QEMU of ${files.name} to start`, async () => {
      const pid = launch.lifetime === 'kept' ? await readPid(files.pidFile) : child.pid;
      return pid === undefined ? undefined : identifyProcess(pid);
    });
    identity = started;
    await launch.onProcess(started);
    // Sockets are made in the order of the options: when the last one is there, the others listen.
    const last = files.watch.at(-1) ?? files.qmp;
    await waitFor(`QEMU of ${files.name} to listen`, async () => {
      if (!isAlive(started)) throw await qemuExited(launch, 'exit', signal);
      return existsSync(last) ? true : undefined;
    });
    // QEMU makes them for everybody (0755); their directory is closed, and so are they.
    await Promise.all([files.qmp, ...files.watch, ...files.terminals].map((path) => chmod(path, 0o600)));
    return started;
  } catch (error) {
    if (identity && isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
    else if (!identity && child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
    throw error;
  }
}

/** `failure` tells why the spawned process is no QEMU any more, once that is so. */
function spawnQemu(
  launch: Launch,
  signal: AbortSignal,
): { child: QemuProcess; failure: () => Promise<LabError | undefined> } {
  const { argv, files, lifetime } = launch;
  const [binary, ...args] = argv;
  const child = new QemuProcess({ binary, config: { extraArgs: args } });
  const log = (text: string) => appendFileSync(files.qemuLog, text, { mode: 0o600 });
  let outcome: { error: NodeJS.ErrnoException } | { how: number | string } | undefined;
  child.on('stdout', log);
  child.on('stderr', log);
  child.on('error', (error) => void (outcome = { error }));
  child.on('exit', (code, killer) => {
    // The launcher of a kept machine ends well as soon as it has launched.
    if (lifetime === 'throw-away' || code !== 0) outcome ??= { how: killer ?? code ?? 'exit' };
  });
  const failure = async () => {
    if (!outcome) return undefined;
    if ('how' in outcome) return qemuExited(launch, outcome.how, signal);
    return new LabError('qemu.not-found', `cannot run ${binary}: ${outcome.error.message}`, {
      hint: 'run `lpl doctor --fix`',
    });
  };
  return { child, failure };
}

/** The error for a QEMU that ended when it should not have; its own words are in the message and the details. */
export async function qemuExited(
  { files, argv }: Pick<Launch, 'files' | 'argv'>,
  how: number | string,
  signal: AbortSignal,
): Promise<LabError> {
  const wait = { what: 'the last words of QEMU', timeoutMs: lastWordsMs, intervalMs: 10, signal };
  const lines = await waitUntil(wait, async () => {
    const written = await lastQemuLines(files);
    return written.length > 0 ? written : undefined;
  }).catch(() => []);
  return new LabError(
    'qemu.exited',
    `QEMU of ${files.name} ended at once (${how}): ${lines.at(-1) ?? 'without a word'}`,
    {
      hint: `run \`lpl doctor\`; the whole output is in ${files.qemuLog}`,
      details: { argv, output: lines },
    },
  );
}

/** The last lines QEMU wrote to its stderr. */
export async function lastQemuLines(files: InstanceFiles): Promise<string[]> {
  const text = await readFile(files.qemuLog, 'utf8').catch(() => '');
  const lines = text.split('\n').filter(Boolean).slice(-40);
  return lines.map((line) => line.slice(0, 300));
}

async function readPid(path: string): Promise<number | undefined> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  return pid > 0 ? pid : undefined;
}

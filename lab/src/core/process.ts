// Runs host processes. The only importer of execa. Each runs in a process group of its own, which dies with the signal.

import { execa } from 'execa';
import { type Argv, type Command, type CommandOutput, showArgv } from './command.ts';
import { LabError } from './error.ts';
import { hostRefusal } from './host-refusal.ts';

export type RunOptions = {
  signal: AbortSignal;
  timeoutMs?: number;
  /** Called with each line of stdout and stderr as it appears. */
  onLine?: (line: string, from: 'stdout' | 'stderr') => void;
};

const tenMinutesMs = 600_000;
const maxOutputChars = 64 * 1024 * 1024;

/**
 * Runs the command to its end. Rejects with `command.not-found`, `command.failed` or that of hostRefusal (details: argv, exitCode, stderr),
 * `op.timeout`, or the signal's reason; by then the whole process group is gone.
 */
export async function runCommand<T = CommandOutput>(command: Command<T>, options: RunOptions): Promise<T> {
  options.signal.throwIfAborted();
  const [file, ...args] = command.argv;
  const timeoutMs = options.timeoutMs ?? tenMinutesMs;
  const started = performance.now();
  const child = execa(file, args, {
    ...(command.cwd ? { cwd: command.cwd } : {}),
    ...(command.env ? { env: { ...command.env }, extendEnv: false } : {}),
    ...(command.stdin === undefined ? { stdin: 'ignore' as const } : { input: command.stdin }),
    detached: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: maxOutputChars,
  });
  let reason: 'abort' | 'timeout' | undefined;
  const end = (why: 'abort' | 'timeout') => {
    reason ??= why;
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const onAbort = () => end('abort');
  options.signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => end('timeout'), timeoutMs);
  if (options.onLine) {
    const { onLine } = options;
    for (const from of ['stdout', 'stderr'] as const) {
      void (async () => {
        for await (const line of child.iterable({ from })) onLine(String(line), from);
      })().catch(() => undefined);
    }
  }
  const result = await child.finally(() => {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
  });
  if (reason === 'abort') throw options.signal.reason;
  if (reason === 'timeout')
    throw new LabError('op.timeout', `${showArgv(command.argv).slice(0, 120)}: not done after ${timeoutMs / 1000} s`);
  if ('code' in result && result.code === 'ENOENT')
    throw new LabError('command.not-found', `${file}: no such command`, { hint: 'run `lpl doctor --fix`' });
  const output: CommandOutput = {
    stdout: result.stdout,
    stderr: result.stderr,
    exitCode: result.exitCode ?? 128,
    ms: Math.round(performance.now() - started),
  };
  if (!(command.okCodes ?? [0]).includes(output.exitCode)) throw commandFailed(command, output);
  return command.parse ? command.parse(output) : (output as T);
}

/** The error for a command that ended with a code that is no answer: `command.failed`, or what it says of the host. */
export function commandFailed(command: Command<unknown>, output: CommandOutput): LabError {
  const last = (output.stderr.trim() || output.stdout.trim()).split('\n').slice(-1)[0] ?? '';
  const { code = 'command.failed', hint, said = last } = hostRefusal(output.stderr) ?? {};
  const name = programOf(command.argv, said);
  return new LabError(code, `${name} exited with ${output.exitCode}: ${said.slice(0, 300)}`, {
    ...(hint ? { hint } : {}),
    details: {
      argv: command.argv,
      exitCode: output.exitCode,
      stderr: output.stderr.slice(-8000),
      stdout: output.stdout.slice(-8000),
    },
  });
}

/** The program's name; in a sandbox that of what ran there, unless the sandbox itself is what speaks. */
function programOf(argv: Argv, said: string): string {
  const start = argv[0] === 'bwrap' && !said.startsWith('bwrap:') ? argv.indexOf('--') + 1 : 0;
  return argv[start]?.split('/').at(-1) ?? '';
}

/** Ends a process group that we started; silent when it is gone already. */
export function killGroup(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

// A Guest over one ssh connection. Every call ends: with the command, its deadline, the signal, or the connection.

import { posix } from 'node:path';
import { createInterface } from 'node:readline';
import type { Client, ClientChannel } from 'ssh2';
import { quoteForGuest } from '../../core/command.ts';
import { LabError } from '../../core/error.ts';
import { raceSignal, withDeadline } from '../../core/wait.ts';
import type { Guest, GuestExecOptions, GuestPipe, GuestResult, GuestShell, GuestStream } from './guest.ts';
import { connectSsh, type SshTarget } from './ssh.ts';

const defaultTimeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** Connects as root. Rejects as connectSsh does. */
export async function connectGuest(target: SshTarget, signal: AbortSignal): Promise<Guest> {
  return guestOver(await connectSsh(target, signal), target.name);
}

/** A Guest that owns `client`. */
export function guestOver(client: Client, name: string): Guest {
  let isGone = false;
  const gone = new Promise<never>((_, reject) =>
    client.once('close', () => {
      isGone = true;
      reject(new LabError('guest.unreachable', `the ssh connection to ${name} is gone`));
    }),
  );
  gone.catch(() => undefined);
  const open = (command: string): Promise<ClientChannel> => {
    if (isGone) return gone;
    const opened = new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, (error, channel) => (error ? reject(unreachable(name, error)) : resolve(channel)));
    });
    return Promise.race([opened, gone]);
  };
  const run = async (command: string, options: GuestExecOptions): Promise<GuestResult> => {
    const what = `${name}: ${command.slice(0, 120)}`;
    let channel: ClientChannel | undefined;
    const whole = open(command).then((opened) => {
      channel = opened;
      return Promise.race([collect(opened, options.stdin), gone]);
    });
    try {
      return await raceSignal(withDeadline(whole, what, options.timeoutMs ?? defaultTimeoutMs), options.signal);
    } catch (error) {
      whole.catch(() => undefined);
      channel?.close();
      throw error;
    }
  };
  const line = (argv: readonly string[]) => argv.map(quoteForGuest).join(' ');
  return {
    name,
    exec: (argv, options) => run(line(argv), options),
    script: (text, options) => run('sh -eu', { ...options, stdin: text }),
    stream: async (argv, { signal }) => streamOf(await raceSignal(open(line(argv)), signal), signal),
    pipe: async (argv, { signal }) => pipeOf(await raceSignal(open(line(argv)), signal), signal),
    shell: async ({ columns, rows }, { signal }) => {
      const opened = new Promise<ClientChannel>((resolve, reject) => {
        const pty = { term: 'xterm-256color', cols: columns, rows };
        client.shell(pty, (error, channel) => (error ? reject(unreachable(name, error)) : resolve(channel)));
      });
      return shellOf(await raceSignal(Promise.race([opened, gone]), signal));
    },
    upload: (content, guestPath, mode, { signal }) => upload(run, { content, guestPath, mode, name }, signal),
    close: async () => (isGone ? undefined : endClient(client)),
  };
}

/** Reads a channel to its end. An ended channel without an exit code means a signal or a lost connection: 128. */
async function collect(channel: ClientChannel, stdin: string | Uint8Array | undefined): Promise<GuestResult> {
  const out = { stdout: [] as Buffer[], stderr: [] as Buffer[], size: 0 };
  const keep = (into: Buffer[]) => (chunk: Buffer) => {
    out.size += chunk.length;
    if (out.size <= maxOutputBytes) into.push(chunk);
  };
  channel.on('data', keep(out.stdout));
  channel.stderr.on('data', keep(out.stderr));
  const ended = exitCodeOf(channel);
  channel.end(stdin ?? '');
  const exitCode = await ended;
  return {
    stdout: String(Buffer.concat(out.stdout)),
    stderr: String(Buffer.concat(out.stderr)),
    exitCode: exitCode ?? 128,
  };
}

/** The end of a channel's command, and how to bring it about; the signal does so as well. */
function endOf(channel: ClientChannel, signal: AbortSignal): Pick<GuestStream, 'ended' | 'close'> {
  const ended = exitCodeOf(channel).then((exitCode) => ({ exitCode }));
  const close = () => {
    // dropbear passes an end of input on to the command, but lets it run when only the channel closes.
    channel.end();
    channel.close();
  };
  signal.addEventListener('abort', close, { once: true });
  void ended.finally(() => signal.removeEventListener('abort', close));
  return { ended, close };
}

function streamOf(channel: ClientChannel, signal: AbortSignal): GuestStream {
  const end = endOf(channel, signal);
  channel.stderr.resume();
  // stdin stays open until close(), so that the command can notice that nobody reads it any more.
  const lines = createInterface({ input: channel, crlfDelay: Infinity });
  // A connection that breaks closes its channels without ending them.
  void end.ended.then(() => lines.close());
  return { lines, ...end };
}

function pipeOf(channel: ClientChannel, signal: AbortSignal): GuestPipe {
  let said = '';
  channel.stderr.on('data', (chunk: Buffer) => void (said = (said + String(chunk)).slice(-4096)));
  return {
    input: channel,
    output: channel,
    errors: channel.stderr,
    said: () => said.trim(),
    ...endOf(channel, signal),
  };
}

function shellOf(channel: ClientChannel): GuestShell {
  return {
    input: channel,
    output: channel,
    resize: ({ columns, rows }) => channel.setWindow(rows, columns, 0, 0),
    ended: exitCodeOf(channel).then((exitCode) => ({ exitCode })),
  };
}

/**
 * Exit code of a channel's command, once it has closed. `exit` itself may come before anyone listens: the answer of a
 * quick command arrives in one segment with the news that the channel is open. ssh2 repeats the code with `close`.
 */
function exitCodeOf(channel: ClientChannel): Promise<number | undefined> {
  return new Promise((resolve) => {
    channel.on('error', () => undefined);
    channel.once('close', (code?: number | null) => resolve(code ?? undefined));
  });
}

type Upload = { content: Uint8Array; guestPath: string; mode: number; name: string };
type Run = (command: string, options: GuestExecOptions) => Promise<GuestResult>;

/** dropbear has no sftp server: the file goes through stdin, under another name until it is whole. */
async function upload(run: Run, { content, guestPath, mode, name }: Upload, signal: AbortSignal): Promise<void> {
  const [path, directory] = [guestPath, posix.dirname(guestPath)].map(quoteForGuest);
  const part = quoteForGuest(`${guestPath}.part`);
  // Every fork costs the guest milliseconds under TCG: none for a directory that is there, none for the last command.
  const command = `[ -d ${directory} ] || mkdir -p ${directory} && cat > ${part} && chmod ${mode.toString(8)} ${part} && exec mv ${part} ${path}`;
  const { exitCode, stderr } = await run(command, { signal, stdin: content });
  if (exitCode !== 0)
    throw new LabError('guest.command-failed', `${name}: cannot write ${guestPath}: ${stderr.trim()}`);
}

function unreachable(name: string, cause: Error): LabError {
  return new LabError('guest.unreachable', `${name}: ${cause.message}`, { cause });
}

async function endClient(client: Client): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.end();
  await withDeadline(closed, 'ssh to close', 1_000).catch(() => client.destroy());
}

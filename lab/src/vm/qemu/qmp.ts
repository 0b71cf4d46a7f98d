// A QMP connection that cannot hang: node-qemu's client with every call raced against the connection's end, the signal
// and a deadline (node-qemu 1.3.0 waits for ever after QEMU died, and when another client holds the socket).

import { QMPClient, type RawQmpEvent } from 'node-qemu';
import { asLabError, isLabError, LabError } from '../../core/error.ts';
import { raceSignal, withDeadline } from '../../core/wait.ts';

export type QmpEvent = {
  event: string;
  data: Readonly<Record<string, unknown>>;
  /** host time, ms since the epoch */ at: number;
};

export type QmpConnection = {
  /** Rejects with `vm.dead` once QEMU is gone, `qemu.mute` when it does not answer, `command.failed` when it refuses. */
  execute<T = unknown>(command: string, args?: Record<string, unknown>): Promise<T>;
  /** Settles when the connection has ended, by whichever side. */
  closed: Promise<void>;
  close(): Promise<void>;
};

const defaultAnswerMs = 5_000;

/** How a socket, or node-qemu, says that the other side is not there (any more). */
const goneCodes = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'CONNECTION_CLOSED', 'CLIENT_CLOSED']);

/** Connects and negotiates. Rejects with `vm.dead` when nobody listens, `qemu.mute` when nobody greets. */
export async function connectQmp(
  socketPath: string,
  options: {
    signal: AbortSignal;
    onEvent?: (event: QmpEvent) => void;
    /** for each answer; default 5 s */ answerMs?: number;
  },
): Promise<QmpConnection> {
  const { signal, onEvent, answerMs = defaultAnswerMs } = options;
  const client = new QMPClient({ socketPath });
  const dead = () => new LabError('vm.dead', `QEMU is gone: ${socketPath} closed`);
  let isOpen = true;
  const closed = new Promise<void>((resolve) => client.once('disconnected', resolve)).then(() => void (isOpen = false));
  client.on('error', () => void client.close());
  if (onEvent) client.on('rawEvent', (event) => onEvent(fromRaw(event)));
  const fenced = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    if (!isOpen) throw dead();
    const lost = closed.then((): never => {
      throw dead();
    });
    const bounded = withDeadline(Promise.race([act(), lost]), what, answerMs);
    return raceSignal(bounded, signal).catch((error: unknown) => {
      throw asQmpError(error, what);
    });
  };
  try {
    await fenced(`the QMP greeting of ${socketPath}`, () => client.connect());
  } catch (error) {
    await client.close();
    throw error;
  }
  return {
    execute: <T>(command: string, args?: Record<string, unknown>) =>
      fenced(`QMP ${command}`, () => client.execute<T>(command, args)),
    closed,
    close: () => client.close(),
  };
}

function fromRaw({ event, data, timestamp }: RawQmpEvent): QmpEvent {
  const at = timestamp.seconds * 1000 + Math.floor(timestamp.microseconds / 1000);
  return { event, data: (data ?? {}) as Record<string, unknown>, at };
}

function asQmpError(error: unknown, what: string): unknown {
  if (isLabError(error, 'op.timeout')) return new LabError('qemu.mute', error.message, { cause: error });
  if (isLabError(error)) return error;
  const { name, code, message } = error as Error & { code?: string };
  if (name === 'AbortError' || name === 'TimeoutError') return error;
  if (code !== undefined && goneCodes.has(code))
    return new LabError('vm.dead', `${what}: QEMU is gone`, { cause: error });
  if (name === 'QmpCommandError') return new LabError('command.failed', `${what}: ${message}`, { cause: error });
  return asLabError(error);
}

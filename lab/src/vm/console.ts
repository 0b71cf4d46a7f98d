// Follows a machine's console log: whole lines, in order, with bounded memory however fast the guest prints.

import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { waitUntil } from '../core/wait.ts';

const chunkBytes = 64 * 1024;
const maxLineChars = 2_000;
const intervalMs = 40;

/** Control sequences that firmware and shells print (ECMA-48), and carriage returns. */
// eslint-disable-next-line no-control-regex
const controls = /\x1b\[[0-9;?]*[A-Za-z]|\x1bc|\r/g;

export type FollowOptions = {
  signal: AbortSignal;
  /** Byte to begin at; default 0. */
  from?: number;
  /** Tells that nobody writes any more: the log is then read to its end, and no further. */
  isOver?: () => boolean;
};

/**
 * Calls `onLine` for each whole line, until `onLine` returns a value (which it resolves to), the log is over (undefined),
 * or the signal aborts (rejects with its reason).
 */
export async function followConsole<T>(
  path: string,
  options: FollowOptions,
  onLine: (line: string) => T | undefined | void,
): Promise<T | undefined> {
  const file = await open(path, 'r');
  const reader = new ConsoleReader(file, options.from ?? 0);
  try {
    const wait = { what: `console ${path}`, timeoutMs: Infinity, intervalMs, signal: options.signal };
    const { answer } = await waitUntil(wait, async () => {
      const isLast = options.isOver?.() ?? false;
      for (let lines = await reader.read(); lines; lines = await reader.read()) {
        for (const line of lines) {
          const answer = onLine(line);
          if (answer !== undefined) return { answer: answer as T };
        }
        options.signal.throwIfAborted();
      }
      return isLast ? { answer: undefined } : undefined;
    });
    return answer;
  } finally {
    await file.close();
  }
}

/** The last lines of the log, cleaned; reads at most 64 KiB. */
export async function lastConsoleLines(path: string, count: number): Promise<string[]> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return [];
  try {
    const { size } = await file.stat();
    if (size === 0) return [];
    const start = Math.max(0, size - chunkBytes);
    const buffer = Buffer.alloc(size - start);
    await file.read(buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8').split('\n').map(cleanLine);
    return lines.filter(Boolean).slice(-count);
  } finally {
    await file.close();
  }
}

function cleanLine(line: string): string {
  return line.replace(controls, '').slice(0, maxLineChars);
}

/** Whole lines of a growing file, a chunk at a time. */
class ConsoleReader {
  readonly #file: FileHandle;
  readonly #buffer = Buffer.alloc(chunkBytes);
  readonly #decoder = new StringDecoder('utf8');
  #position: number;
  #rest = '';

  constructor(file: FileHandle, position: number) {
    this.#file = file;
    this.#position = position;
  }

  /** The lines completed by the next chunk; undefined at the end of the file. */
  async read(): Promise<string[] | undefined> {
    const { bytesRead } = await this.#file.read(this.#buffer, 0, chunkBytes, this.#position);
    if (bytesRead === 0) return undefined;
    this.#position += bytesRead;
    const lines = (this.#rest + this.#decoder.write(this.#buffer.subarray(0, bytesRead))).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-maxLineChars);
    return lines.map(cleanLine);
  }
}

// Follows a machine's console log: whole lines, in order, across segments, with bounded memory however fast the guest prints.

import { readSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { waitUntil } from '../../core/wait.ts';
import { type ConsoleLine, readConsoleLine } from './console-line.ts';
import { type ConsoleMark, consoleSegments, consoleStart, consoleTail } from './console-segments.ts';

const chunkBytes = 64 * 1024;
const maxRestChars = 4_000;
const defaultIntervalMs = 40;

export type FollowOptions = {
  signal: AbortSignal;
  /** Default: what is kept of the log from its beginning. */
  from?: ConsoleMark;
  /** Tells that nobody writes any more: the log is then read to its end, and no further. */
  isOver?: () => boolean | Promise<boolean>;
  /** How often to look; default 40 ms. */
  intervalMs?: number;
};

/**
 * Calls `onLine` for each whole line, until `onLine` returns a value (which it resolves to), the log is over (undefined),
 * or the signal aborts (rejects with its reason). `path` is that of the log's current segment.
 */
export async function followConsole<T>(
  path: string,
  options: FollowOptions,
  onLine: (text: string, line: ConsoleLine) => T | undefined | void,
): Promise<T | undefined> {
  const intervalMs = options.intervalMs ?? defaultIntervalMs;
  const reader = new ConsoleReader(path, options.from ?? consoleStart);
  try {
    const wait = { what: `console ${path}`, timeoutMs: Infinity, intervalMs, signal: options.signal };
    const { answer } = await waitUntil(wait, async () => {
      const isLast = (await options.isOver?.()) ?? false;
      for (let lines = await reader.read(); lines; lines = await reader.read()) {
        for (const line of lines) {
          const answer = onLine(line.text, line);
          if (answer !== undefined) return { answer: answer as T };
        }
        options.signal.throwIfAborted();
      }
      return isLast ? { answer: undefined } : undefined;
    });
    return answer;
  } finally {
    await reader.close();
  }
}

/** The last lines of the log that are not empty; reads at most 64 KiB, or as much as `lines` long ones take. */
export async function lastConsoleLines(path: string, count: number): Promise<string[]> {
  return (await lastConsole(path, count)).map(({ text }) => text);
}

/** The same, with the host's time. */
export async function lastConsole(path: string, count: number): Promise<ConsoleLine[]> {
  const text = await consoleTail(path, Math.max(chunkBytes, count * 160));
  const lines = text.split('\n').map(readConsoleLine);
  return lines.filter((line) => line.text).slice(count === 0 ? Infinity : -count);
}

/** Whole lines of a growing log, a chunk at a time, from segment to segment. */
class ConsoleReader {
  readonly #path: string;
  readonly #buffer = Buffer.alloc(chunkBytes);
  readonly #decoder = new StringDecoder('utf8');
  #mark: ConsoleMark;
  #file: FileHandle | undefined;
  #rest = '';

  constructor(path: string, from: ConsoleMark) {
    this.#path = path;
    this.#mark = from;
  }

  /** The lines completed by the next chunk; undefined at the end of the log. */
  async read(): Promise<ConsoleLine[] | undefined> {
    for (;;) {
      const chunk = this.#chunk();
      if (chunk) return this.#lines(chunk);
      if (!(await this.#next())) return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #chunk(): Buffer | undefined {
    if (!this.#file) return undefined;
    // Looks are many and mostly find nothing: as work for the thread pool they took 15 % of a matrix's time in Node.
    const bytesRead = readSync(this.#file.fd, this.#buffer, 0, chunkBytes, this.#mark.offset);
    if (bytesRead === 0) return undefined;
    this.#mark.offset += bytesRead;
    return this.#buffer.subarray(0, bytesRead);
  }

  #lines(chunk: Buffer): ConsoleLine[] {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-maxRestChars);
    return lines.map(readConsoleLine);
  }

  /** Goes on to the following segment once there is one; whoever was overtaken goes on with the oldest. */
  async #next(): Promise<boolean> {
    const current = statSync(this.#path, { throwIfNoEntry: false });
    if (this.#file && (!current || current.ino === this.#mark.inode)) return false;
    const segments = await consoleSegments(this.#path);
    const own = segments.findIndex(({ inode }) => inode === this.#mark.inode);
    const isFirst = !this.#file;
    const next = isFirst && own >= 0 ? segments[own] : segments[own + 1];
    if (!next) return false;
    // What was added to the old one before it was closed comes first.
    if (!isFirst && (await this.#file?.stat())?.size !== this.#mark.offset) return true;
    const file = await open(next.path, 'r').catch(() => undefined);
    if (!file) return false;
    await this.#file?.close();
    this.#file = file;
    this.#mark = { inode: (await file.stat()).ino, offset: isFirst && own >= 0 ? this.#mark.offset : 0 };
    return true;
  }
}

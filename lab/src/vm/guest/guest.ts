// What the other rooms may ask of a running guest. klp, workload and trial know this interface, not ssh.

import type { Readable, Writable } from 'node:stream';

export type GuestResult = { stdout: string; stderr: string; exitCode: number };

export type GuestExecOptions = {
  signal: AbortSignal;
  /** Default 60 s. */
  timeoutMs?: number;
  stdin?: string | Uint8Array;
};

/** A long-running guest command whose output is read line by line. */
export type GuestStream = {
  lines: AsyncIterable<string>;
  /** Settles when the command has ended or the connection is gone. */
  ended: Promise<{ exitCode: number | undefined }>;
  /** Ends the command (closes its channel). */
  close(): void;
};

/** A guest command whose bytes pass unread in both directions; whoever opened it reads `output` to its end. */
export type GuestPipe = {
  input: Writable;
  output: Readable;
  /** Its stderr: flows whether or not somebody listens. */
  errors: Readable;
  /** What it has said on stderr so far, the last 4 KiB of it. */
  said(): string;
  ended: Promise<{ exitCode: number | undefined }>;
  close(): void;
};

/** An interactive shell with a terminal. */
export type GuestShell = {
  input: Writable;
  output: Readable;
  resize(size: TerminalSize): void;
  ended: Promise<{ exitCode: number | undefined }>;
};

export type TerminalSize = { columns: number; rows: number };

/** Root in the guest, over ssh with pinned host key. Every call rejects with `guest.unreachable` once the guest is gone. */
export type Guest = {
  readonly name: string;
  /**
   * Runs words as one command, quoted for the guest's shell by the one quoting function. Rejects with
   * `guest.unreachable` or `op.timeout`; a non-zero exit code is an answer.
   */
  exec(argv: readonly [string, ...string[]], options: GuestExecOptions): Promise<GuestResult>;
  /** Runs a shell script given on stdin of `sh -eu`. */
  script(text: string, options: GuestExecOptions): Promise<GuestResult>;
  stream(argv: readonly [string, ...string[]], options: { signal: AbortSignal }): Promise<GuestStream>;
  /** For bytes as they are, in any amount; `exec` gives text. */
  pipe(argv: readonly [string, ...string[]], options: { signal: AbortSignal }): Promise<GuestPipe>;
  shell(size: TerminalSize, options: { signal: AbortSignal }): Promise<GuestShell>;
  /** Writes a file in the guest with that mode (octal). */
  upload(content: Uint8Array, guestPath: string, mode: number, options: { signal: AbortSignal }): Promise<void>;
  close(): Promise<void>;
};

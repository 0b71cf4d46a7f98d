// A command is data: what to run, what to feed it, how to read its answer (DESIGN 4.6). Builders are pure; process.ts runs.

export type Argv = readonly [file: string, ...args: string[]];

export type Command<T = CommandOutput> = {
  argv: Argv;
  /** Bytes for stdin; stdin is empty otherwise. */
  stdin?: string | Uint8Array;
  cwd?: string;
  /** Replaces, not extends, the environment when given. */
  env?: Readonly<Record<string, string>>;
  /** Exit codes that are an answer rather than a failure; default [0]. */
  okCodes?: readonly number[];
  parse?: (output: CommandOutput) => T;
};

export type CommandOutput = { stdout: string; stderr: string; exitCode: number; ms: number };

/** Quotes one word for the guest's POSIX shell. The only quoting function of the lab; the host never sees a shell. */
export function quoteForGuest(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line for people to read and paste. */
export function showArgv(argv: readonly string[]): string {
  return argv.map(quoteForGuest).join(' ');
}

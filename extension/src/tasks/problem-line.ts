// How a task says what is wrong, so that the problem matcher `$lpl` finds the place: as the command line of the lab does.
// Free of vscode.

export type Problem = {
  level: 'error' | 'warning' | 'info';
  /** Absolute. */
  path: string;
  line: number;
  message: string;
  /** Rule, or verdict. */
  code: string;
  hint?: string | undefined;
};

/** The line with its place, and below it what to do. */
export function problemLines({ level, path, line, message, code, hint }: Problem): string[] {
  const [first = '', ...more] = message.split('\n');
  return [`  ${level}: ${path}:${line}: ${first} [${code}]`, ...more, ...(hint ? [`    ${hint}`] : [])];
}

// Reads gcc's messages.

export type CompilerMessage = {
  /** Path as the compiler prints it. */
  file: string;
  line: number;
  severity: 'error' | 'warning';
  text: string;
  function?: string;
};

/** Errors (and warnings) of a gcc run, each with the function gcc says it is in. */
export function readCompilerMessages(stderr: string): CompilerMessage[] {
  const messages: CompilerMessage[] = [];
  let context: string | undefined;
  for (const line of stderr.split('\n')) {
    const inside = /: (?:In function|At top level|in expansion).*?(?:'(\w+)'|‘(\w+)’)?:?$/.exec(line);
    if (inside && !/: (error|warning|note):/.test(line)) context = inside[1] ?? inside[2];
    const found = /^(\S+?):(\d+)(?::\d+)?: (?:fatal )?(error|warning): (.*)$/.exec(line);
    if (!found) continue;
    const [, file = '', number, severity, text = ''] = found;
    messages.push({
      file,
      line: Number(number),
      severity: severity as 'error' | 'warning',
      text: text.replace(/ \[-W[^\]]*\]$/, ''),
      ...(context ? { function: context } : {}),
    });
  }
  return messages;
}

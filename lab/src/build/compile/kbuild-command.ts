// What kbuild recorded in a `.name.o.cmd` file: the exact command of the target, and the CRCs of the symbols it exports.

import { LabError } from '../../core/error.ts';

export type KbuildCommand = {
  argv: string[];
  /** `#SYMVER name crc` lines as `name crc`, sorted. */
  symvers: string[];
};

/** Parses the text of a .cmd file. Only the first command counts: what follows it is objtool. */
export function parseCmdFile(text: string): KbuildCommand {
  const line = /^(?:saved)?cmd_\S+ := (.*)$/m.exec(text)?.[1];
  const argv = line === undefined ? [] : parseShellLine(line);
  if (argv.length === 0) throw new LabError('bug', 'a .cmd file of kbuild records no command');
  const symvers = [...text.matchAll(/^#SYMVER (\S+) (\S+)/gm)].map(([, name, crc]) => `${name} ${crc}`);
  return { argv, symvers: symvers.sort() };
}

/** Splits a POSIX shell line (quotes and backslashes, no expansions: kbuild records none) up to its first `;`. */
export function parseShellLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const token = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(;)|(\s+)|([^\s'"\\;]+)/gs;
  for (const [, single, double, escaped, end, space, plain] of line.matchAll(token)) {
    if (end !== undefined) break;
    if (space !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word = (word ?? '') + (single ?? double?.replace(/\\(.)/g, '$1') ?? escaped ?? plain ?? '');
  }
  if (word !== undefined) words.push(word);
  return words.map((each) => each.replaceAll('$$', '$'));
}

/** The module an object of that command becomes part of (name as in /sys/module); undefined for built-in code. */
export function moduleOf({ argv }: KbuildCommand): string | undefined {
  if (!argv.includes('-DMODULE')) return undefined;
  const name = argv.map((word) => /^-DKBUILD_MODNAME="(.*)"$/.exec(word)?.[1]).find(Boolean);
  return name?.replaceAll('-', '_');
}

/** The same compilation with another output and more flags. Drops dependency output and debug information. */
export function recompile({ argv }: KbuildCommand, change: { output: string; flags: readonly string[] }): string[] {
  const kept = argv.filter((word) => !word.startsWith('-Wp,-MMD') && !/^-g(dwarf.*|z.*|split-dwarf)?$/.test(word));
  const output = kept.lastIndexOf('-o');
  return [...kept.slice(0, output), ...change.flags, '-o', change.output, ...kept.slice(output + 2)];
}

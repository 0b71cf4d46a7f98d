// The function around a line, when it is not as it was: which lines it has now, and what they were. Free of vscode.

import { functionsIn, functionText } from 'livepatch-lab';

/** Lines `from` (0-based) up to but not including `to` of the later text, and what the function was, newline included. */
export type ChangedFunction = { name: string; from: number; to: number; before: string };

/** Undefined where no function that both texts define exactly once is around the 0-based line, and where it is as it was. */
export function changedFunctionAt(before: string, after: string, line: number): ChangedFunction | undefined {
  const defined = [before, after].map(functionsIn);
  const isOne = (name: string) => defined.every((all) => all.filter((each) => each.name === name).length === 1);
  // The type may stand on the line above the name.
  const near = (defined[1] ?? []).filter((each) => each.line <= line + 2).slice(-2);
  for (const { name } of near.filter((each) => isOne(each.name))) {
    const [was, is] = [before, after].map((text) => functionText(text, name));
    const from = is && isWhole(is) ? lineOf(after, is) : undefined;
    if (!is || !was || from === undefined || !isWhole(was)) continue;
    const to = from + is.split('\n').length;
    if (line >= from && line < to) return was === is ? undefined : { name, from, to, before: `${was}\n` };
  }
  return undefined;
}

const isWhole = (text: string) => /^}/m.test(text);

/** 0-based line on which that part of the text begins. */
function lineOf(text: string, part: string): number | undefined {
  const at = `\n${text}`.indexOf(`\n${part}\n`);
  return at < 0 ? undefined : text.slice(0, at).split('\n').length - 1;
}

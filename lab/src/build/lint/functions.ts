// The functions a patch changes, with their changed lines.

import { type ChangedLine, netLines, type SourceChange } from '../../patch/source-change.ts';

export type FunctionChange = {
  file: string;
  name: string;
  /** Text before the body, as in the patched file where it is there. */
  head: string;
  /** First changed line, in the patched file. */
  line: number;
  /** What changes in head and body, without what only moved within the function. */
  lines: ChangedLine[];
  /** The whole definition is new, or gone. */
  fate: 'changed' | 'new' | 'removed';
};

/** Functions in which more than comments and white space changes, in the order of the patch. */
export function changedFunctions({ file, lines }: SourceChange): FunctionChange[] {
  const byName = new Map<string, ChangedLine[]>();
  for (const line of lines)
    if (line.place.kind === 'function') byName.set(line.place.name, [...(byName.get(line.place.name) ?? []), line]);
  return [...byName].flatMap(([name, all]) => {
    const net = netLines(all);
    const first = net.find(({ kind }) => kind === 'add') ?? net[0];
    if (!first || first.place.kind !== 'function') return [];
    const starts = (kind: 'add' | 'delete') => all.some((line) => line.kind === kind && isStart(line));
    const fate = starts('add') === starts('delete') ? 'changed' : starts('add') ? 'new' : 'removed';
    return [{ file, name, head: first.place.head, line: first.line, lines: net, fate }];
  });
}

const isStart = ({ place }: ChangedLine) => place.kind === 'function' && place.part === 'start';

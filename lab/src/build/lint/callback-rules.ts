// What a patch brings along to live on beside the code: callbacks of the livepatch and shadow variables.

import type { SourceChange } from '../../patch/source-change.ts';
import { finding, type LintFinding } from './finding.ts';

const counterparts: readonly [string, string][] = [
  ['PRE_PATCH', 'POST_UNPATCH'],
  ['POST_PATCH', 'PRE_UNPATCH'],
];

/** Rules LC01, LC03 and DA06, over the whole patch: callbacks may stand in different files. */
export function callbackFindings(changes: readonly SourceChange[]): LintFinding[] {
  const added = changes.flatMap(({ file, lines }) =>
    lines.filter(({ kind }) => kind === 'add').map(({ code, line }) => ({ file, code, line })),
  );
  const find = (pattern: RegExp) => added.find(({ code }) => pattern.test(code));
  const callback = (name: string) => find(new RegExp(`\\bK(LP|PATCH)_${name}_CALLBACK\\s*\\(`));
  const alone = counterparts.flatMap(([have, lack]) => {
    const place = callback(have);
    if (!place || callback(lack)) return [];
    return [finding('LC01', { file: place.file, line: place.line, have: spoken(have), lack: spoken(lack) })];
  });
  const any = find(/\bK(LP|PATCH)_\w+_CALLBACK\s*\(/);
  const shadow = find(/\bklp_shadow_(alloc|get_or_alloc)\s*\(/);
  const isFreed = changes.some(({ seen }) => /\bklp_shadow_free/.test(seen));
  return [
    ...alone,
    ...(any ? [finding('LC03', { file: any.file, line: any.line })] : []),
    ...(shadow && !isFreed ? [finding('DA06', { file: shadow.file, line: shadow.line })] : []),
  ];
}

/** `pre-patch`. */
const spoken = (name: string) => name.toLowerCase().replace('_', '-');

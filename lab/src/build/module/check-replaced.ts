// Whether the target has each function that a hand-written livepatch names, whether it is the only one of that name or told
// apart by its position, and whether ftrace can redirect it. The kernel itself would refuse some of it at load, or patch
// another function of that name.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StageContext } from '../../core/operation.ts';
import { readElf } from '../../kernel/elf.ts';
import { unpackModule } from '../../kernel/vmlinux-image.ts';
import type { KlpSymbol } from '../check/check-symbols.ts';
import { tracedFunctions } from '../check/check-functions.ts';
import { findModule } from '../unit/open-target.ts';
import { reason } from '../reason.ts';
import type { BuildReason } from '../result.ts';
import { readModule, type TargetSymbol } from '../unit/target-object.ts';
import { untracedRule } from '../check/untraced-rule.ts';
import type { Workbench } from '../workbench.ts';
import { parseKallsyms } from '../../kernel/kallsyms.ts';

type ObjectFacts = {
  /** How often each function name occurs. */ counts: Map<string, number>;
  traced: ReadonlySet<string>;
};

/** Reasons against the replaced functions. `file`: name of the livepatch's source. `out`: scratch directory. */
export async function checkReplaced(
  ctx: StageContext,
  { kernel }: Workbench,
  { file, source, replaced, out }: { file: string; source: string; replaced: readonly KlpSymbol[]; out: string },
): Promise<BuildReason[]> {
  const reasons: BuildReason[] = [];
  for (const object of new Set(replaced.map((each) => each.object))) {
    const facts = object === 'vmlinux' ? await ofVmlinux(kernel) : await ofModule(ctx, kernel, { object, out });
    const own = replaced.filter((each) => each.object === object);
    if (facts)
      reasons.push(...own.flatMap((each) => judgeReplaced({ file, line: lineOf(source, each.name) }, each, facts)));
    else reasons.push(reason('module-not-shipped', { file, object, line: lineOf(source, object) }));
  }
  return reasons;
}

/** Pure. */
export function judgeReplaced(
  { file, line }: { file: string; line: number },
  { object, name, position }: KlpSymbol,
  facts: ObjectFacts,
): BuildReason[] {
  const count = facts.counts.get(name) ?? 0;
  const place = { file, line, function: name, symbol: name, object };
  if (count === 0) return [reason('symbol-missing', place)];
  // 0 stands for "the only one".
  if (position > count || (position === 0 && count > 1)) return [reason('sympos', { ...place, count, position })];
  return facts.traced.has(name) ? [] : [reason(untracedRule(name), place)];
}

async function ofVmlinux({ facts }: Workbench['kernel']): Promise<ObjectFacts> {
  const [kallsyms, patchable] = await Promise.all(
    [facts.kallsyms, facts.patchableFunctions].map((path) => readFile(path, 'utf8')),
  );
  const { symbols } = parseKallsyms(kallsyms ?? '');
  return { counts: countOf(symbols.map(({ name }) => name)), traced: new Set((patchable ?? '').split('\n')) };
}

async function ofModule(
  ctx: StageContext,
  { modulesDir, tools }: Workbench['kernel'],
  { object, out }: { object: string; out: string },
): Promise<ObjectFacts | undefined> {
  const shipped = await findModule(modulesDir, object);
  if (!shipped) return undefined;
  const file = join(out, `${object}.shipped.ko`);
  await unpackModule(ctx, { module: shipped, out: file, toolroot: tools });
  const { symbols } = await readModule(object, file);
  return {
    counts: countOf(symbols.map(({ name }: TargetSymbol) => name)),
    traced: tracedFunctions(readElf(await readFile(file), file)),
  };
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The line on which a function or module is named as a string, as in `.old_name`. */
function lineOf(source: string, name: string): number {
  const index = source.split('\n').findIndex((line) => line.includes(`"${name}"`));
  return Math.max(index, 0) + 1;
}

// From what guests said to what became of each livepatch. A batch that misbehaves is taken apart until the guilty one is
// alone in a fresh guest; a misbehaviour that nobody can be shown guilty of leaves nobody clean.

import type { BatchModule } from './batch-script.ts';
import type { Defect, ItemClass } from './item-result.ts';
import type { BatchDefect, BatchLog } from './read-batch-log.ts';

export type Judgement = {
  class: Extract<ItemClass, 'clean' | 'wrong' | 'stalled' | 'unproven' | 'unknown'>;
  defects: Defect[];
  stalled: string[];
  /** Why it is unproven or unknown. */
  why?: string;
};

/** `control`: the same in a guest without any livepatch. */
export type RunBatch<T> = (items: readonly T[], kind: 'livepatches' | 'control') => Promise<BatchLog>;

/** By module name. Rejects with what `run` throws. */
export async function judgeBatch<T extends BatchModule>(
  items: readonly T[],
  run: RunBatch<T>,
): Promise<Map<string, Judgement>> {
  const log = await run(items, 'livepatches');
  const trouble = log.defects.find((defect) => !isContained(defect));
  if (!trouble && log.ended) return new Map(items.map((item) => [item.module, judgeOne(item, log)]));
  const [only] = items;
  if (only && items.length === 1) return new Map([[only.module, await judgeGuilty(only, log, run)]]);
  const suspect = trouble && suspectOf(trouble, items);
  const [one, other] = partsOf(items, suspect);
  const judged = new Map([...(await judgeBatch(one, run)), ...(await judgeBatch(other, run))]);
  const isExplained = [...judged.values()].some(({ defects }) => defects.some((defect) => !isContained(defect)));
  if (isExplained) return judged;
  // Seen once and never again: not shown to be anyone's fault, and not shown to be nobody's.
  const accused = suspect === undefined ? items : items.filter(({ module }) => module === suspect);
  const why = `seen once in a batch of ${items.length}, and not again in parts of it: ${trouble?.text ?? 'no end'}`;
  for (const { module } of accused)
    if (judged.get(module)?.class === 'clean')
      judged.set(module, { class: 'unknown', defects: trouble ? [defectOf(trouble)] : [], stalled: [], why });
  return judged;
}

/** A module that the kernel does not take leaves the guest as it was. */
const isContained = ({ kind }: Defect) => kind === 'rejected';

/** The kernel names the module of a function it prints, in brackets behind it; or else the one that was in motion. */
function suspectOf({ text, report, module }: BatchDefect, items: readonly BatchModule[]): string | undefined {
  const named = [text, ...(report ?? [])].flatMap((line) => [...line.matchAll(/\[(\w+)\]/g)].map(([, name]) => name));
  return named.find((name) => items.some((item) => item.module === name)) ?? module;
}

/** The suspect and the others, or halves. */
function partsOf<T extends BatchModule>(items: readonly T[], suspect: string | undefined): [T[], T[]] {
  const accused = items.filter(({ module }) => module === suspect);
  if (accused.length > 0) return [accused, items.filter(({ module }) => module !== suspect)];
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** In a guest that came through it well. */
function judgeOne({ module, objects }: BatchModule, log: BatchLog): Judgement {
  const record = log.modules.get(module);
  const defects = log.defects.filter((defect) => defect.module === module).map(defectOf);
  const stalled = record?.stalled ?? [];
  if (defects.length > 0) return { class: 'wrong', defects, stalled };
  if (record?.isStalled) return { class: 'stalled', defects, stalled };
  if (!record?.live || !record.gone)
    return { class: 'unknown', defects, stalled, why: 'the log does not say that it was loaded and unloaded' };
  const unpatched = objects.find((object) => !record.patched.includes(object));
  if (unpatched === undefined) return { class: 'clean', defects, stalled };
  const said = log.absent.get(unpatched);
  return {
    class: 'unproven',
    defects,
    stalled,
    why: `the guest does not have the module ${unpatched}${said ? `: ${said}` : ''}`,
  };
}

/** Alone in a guest that misbehaved: guilty, unless the same guest does it without any livepatch too. */
async function judgeGuilty<T extends BatchModule>(item: T, log: BatchLog, run: RunBatch<T>): Promise<Judgement> {
  const defects = log.defects.map(defectOf);
  const stalled = log.modules.get(item.module)?.stalled ?? [];
  if (defects.every(({ kind }) => kind === 'stuck') && stalled.length > 0)
    return { class: 'stalled', defects, stalled };
  const control = await run([item], 'control');
  if (control.ended && control.defects.length === 0 && control.before.length === 0)
    return { class: 'wrong', defects, stalled };
  const said = control.before[0] ?? control.defects[0]?.text ?? 'it dies';
  return { class: 'unproven', defects, stalled, why: `the guest misbehaves without the livepatch as well: ${said}` };
}

function defectOf({ module: _module, ...defect }: BatchDefect): Defect {
  return defect;
}

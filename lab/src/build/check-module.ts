// x
import type { BuildFacts } from './kernel-facts.ts';
import type { BuildReason } from './result.ts';
import type { UnitDiff } from './diff-unit.ts';
import type { Workbench } from './workbench.ts';
export async function checkModule(
  bench: Workbench,
  given: { module: string; facts: BuildFacts; diffs: readonly UnitDiff[] },
): Promise<BuildReason[]> {
  void bench;
  void given;
  return [];
}

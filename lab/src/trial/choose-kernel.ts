// Which kernel a scenario can be shown on: the newest at hand that still has a bug the scenario mends.

import { compareVersions } from '../kernel/catalog.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';

/** True when that upstream version still shows what the patch mends; a patch that declares nothing always applies. */
export function affectsVersion({ affects }: Pick<ScenarioPatch, 'affects'>, version: string): boolean {
  if (!affects) return true;
  return compareVersions(version, affects.before) < 0 && (!affects.from || compareVersions(version, affects.from) >= 0);
}

/** The newest of the kernels on which at least one patch has something to mend, and those patches. */
export function chooseKernel<T extends { target: { version: string } }>(
  scenario: Scenario,
  kernels: readonly T[],
): { kernel: T; patches: ScenarioPatch[] } | undefined {
  const newestFirst = [...kernels].sort((a, b) => compareVersions(b.target.version, a.target.version));
  for (const kernel of newestFirst) {
    const patches = scenario.patches.filter((patch) => affectsVersion(patch, kernel.target.version));
    if (patches.length > 0) return { kernel, patches };
  }
  return undefined;
}

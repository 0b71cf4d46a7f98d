// Where in the patch a reason stands, for those who show it beside the code.

import { type PatchedUnit, placeIn } from './patched-unit.ts';
import type { BuildReason } from './result.ts';

/**
 * A reason that knows no better place gets that of the first change of its file, or of the patch; one against a unit that
 * the patch does not edit itself that of what it includes. Several units may have the same to say of one header.
 */
export function withPlaces(reasons: readonly BuildReason[], units: readonly PatchedUnit[]): BuildReason[] {
  const placed = reasons.map((each) => {
    const unit = units.find(({ path }) => path === each.file) ?? (each.file === undefined ? units[0] : undefined);
    if (!unit || each.rule === 'does-not-compile') return each;
    const place = placeIn(unit);
    return { ...each, ...place, ...(place.file === each.file && each.line !== undefined ? { line: each.line } : {}) };
  });
  return [...new Map(placed.map((each) => [JSON.stringify(each), each])).values()];
}

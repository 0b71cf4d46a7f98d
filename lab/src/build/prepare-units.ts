// Makes ready for many builds what costs least when it is made together.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { artefactPath } from '../core/artefact.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { readConfiguredObjects } from '../kernel/configured-objects.ts';
import { makeReferences } from './compile/reference-object.ts';
import { unitRequest } from './unit/unit.ts';
import { openWorkbench } from './workbench.ts';

type Given = Parameters<typeof openWorkbench>[1];

/** What the target has of some units. */
export type PreparedUnits = { /** Its configuration does not build them. */ notBuilt: string[] };

/** Makes the reference objects of all units that were never built for before. `paths`: C files of the kernel tree. */
export async function prepareUnits(ctx: OpContext, given: Given, paths: readonly string[]): Promise<PreparedUnits> {
  const bench = await openWorkbench(ctx, given);
  const { objects, included } = await readConfiguredObjects(given.kernel.objects);
  const isMade = (path: string) =>
    stat(join(artefactPath(unitRequest(bench, path)), 'stage.json')).then(Boolean, () => false);
  const built = paths.filter((path) => objects.has(path));
  const made = await Promise.all(built.map(isMade));
  const wanted = built.filter((_, index) => !made[index]);
  if (wanted.length > 0)
    await runStage(ctx, { id: 'references', title: `${wanted.length} objects as the target has them` }, (stage) =>
      makeReferences(stage, bench, wanted),
    );
  return { notBuilt: paths.filter((path) => !objects.has(path) && !included.has(path)) };
}

// Makes ready for many builds what costs least when it is made together.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { artefactPath } from '../core/artefact.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { readConfiguredObjects } from '../kernel/configured-objects.ts';
import { makeReferences } from './reference-object.ts';
import { unitRequest } from './unit.ts';
import { openWorkbench } from './workbench.ts';

type Given = Parameters<typeof openWorkbench>[1];

/** What the target has of some units. */
export type PreparedUnits = { /** Its configuration does not build them. */ notBuilt: string[] };

/** Makes the reference objects of all units that were never built for before. `paths`: C files of the kernel tree. */
export async function prepareUnits(ctx: OpContext, given: Given, paths: readonly string[]): Promise<PreparedUnits> {
  const bench = await openWorkbench(ctx, given);
  const configured = await readConfiguredObjects(given.kernel.objects);
  const isUnknown = async (path: string) =>
    !(await stat(join(artefactPath(unitRequest(bench, path)), 'stage.json')).catch(() => undefined));
  const known = await Promise.all(paths.map(async (path) => configured.has(path) && !(await isUnknown(path))));
  const wanted = paths.filter((path, index) => configured.has(path) && !known[index]);
  if (wanted.length > 0)
    await runStage(ctx, { id: 'references', title: `${wanted.length} objects as the target has them` }, (stage) =>
      makeReferences(stage, bench, wanted),
    );
  return { notBuilt: paths.filter((path) => !configured.has(path)) };
}

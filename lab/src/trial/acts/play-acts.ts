// What a scenario wants done with a livepatch beside loading it once.

import { readFile } from 'node:fs/promises';
import { type OpContext, runStage } from '../../core/operation.ts';
import type { ActEvidence } from '../evidence.ts';
import type { ScenarioPatch } from '../scenario.ts';
import type { ActRequest } from './act-request.ts';
import { conflictWithKprobe } from './conflict-with-kprobe.ts';
import { cycleLivepatch } from './cycle-livepatch.ts';

type Acts = ScenarioPatch['acts'];

/** Before it is loaded for good. `kprobe`: path of the module that places one. */
export async function playActsBefore(
  request: ActRequest,
  { acts, target, kprobe }: { acts: Acts; target: string | undefined; kprobe: (ctx: OpContext) => Promise<string> },
  ctx: OpContext,
): Promise<ActEvidence[]> {
  if (!acts.kprobe || target === undefined) return [];
  return runStage(ctx, { id: 'kprobe', title: `against a kprobe on ${target}` }, async (stage) => {
    const conflict = { kprobe: await readFile(await kprobe(stage)), target };
    return [await conflictWithKprobe(request, conflict, stage)];
  });
}

/** Once it is gone. */
export async function playActsAfter(request: ActRequest, acts: Acts, ctx: OpContext): Promise<ActEvidence[]> {
  if (acts.cycles === 0) return [];
  return runStage(ctx, { id: 'cycles', title: `loaded and unloaded ${acts.cycles} times` }, async (stage) => [
    await cycleLivepatch(request, acts.cycles, stage),
  ]);
}

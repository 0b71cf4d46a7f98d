// Removes what the cache holds for one target, all of it or nothing.

import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { lookUpTarget } from '../kernel/boot-target.ts';
import { preparedArtefacts } from '../kernel/prepared-artefacts.ts';
import { type PruneRequest, type PruneResult, removeArtefacts } from '../kernel/prune-cache.ts';
import { keptInCache } from '../vm/kept-in-cache.ts';
import { machinesOfTarget } from '../vm/machines-of-target.ts';

/**
 * Removes what is there for that target alone; the compiler serves every kernel of its suite and stays. `forgetting`: a short
 * name that is about to go, and keeps nothing any more. Throws `target.in-use`, naming who uses it, and then nothing was
 * removed; and as lookUpTarget does.
 */
export async function removePrepared(
  ctx: OpContext,
  site: Site,
  { text, forgetting }: { text: string; forgetting?: string },
): Promise<PruneResult> {
  const target = await lookUpTarget(ctx, site, text);
  const { name } = target;
  const machines = await machinesOfTarget(site.paths, name);
  if (machines.length > 0)
    throw new LabError('target.in-use', `${name} is used by machine ${machines.join(', ')}`, {
      hint: `\`lpl vm rm ${machines.join(' ')}\` first`,
    });
  const all = await preparedArtefacts(ctx, site.paths, target);
  const artefacts = all.filter(({ room, targets }) => targets.length === 1 && room !== 'roots');
  const totalBytes = artefacts.reduce((total, { diskBytes }) => total + diskBytes, 0);
  return runStage(ctx, { id: 'remove', title: `what is prepared for ${name}` }, async (stage) => {
    const keep = await keptInCache(site.paths, forgetting);
    const request: PruneRequest = { cache: site.paths.cache, how: 'report', keep };
    const from = { artefacts, totalBytes, isDue: () => true };
    const [used] = (await removeArtefacts(stage, request, from)).spared;
    if (used)
      throw new LabError('target.in-use', `${name} is used by ${used.keptBy}, which needs ${used.room}/${used.name}`, {
        hint: 'end that first; a short name is forgotten with `lpl target rm NAME`',
      });
    return removeArtefacts(stage, { ...request, how: 'delete' }, from);
  });
}

// All patches of a scenario together: each joins those before it in a livepatch that replaces the one before, and then they
// leave one by one, as by a downgrade; what a livepatch does not have is as if it had never been.

import type { OpContext } from '../../core/operation.ts';
import type { ActEvidence } from '../evidence.ts';
import type { ActRequest, Livepatch } from './act-request.ts';
import { playSteps } from './act-steps.ts';
import { clearLivepatches, stageLivepatches } from './stage-livepatch.ts';

export type CumulateRequest = Pick<ActRequest, 'guest' | 'timeoutMs'> & {
  /** The first patch, the first two, and so on. */
  cumulative: readonly Livepatch[];
  /** Of each patch, as ActRequest has it. */
  show: ActRequest['show'][];
};

export async function cumulateLivepatches(request: CumulateRequest, ctx: OpContext): Promise<ActEvidence> {
  const { guest, timeoutMs, cumulative, show: shows } = request;
  const [first] = cumulative;
  const about = { act: 'cumulative', title: 'replace each other, one more at a time and one less' };
  if (!first) return { ...about, asked: 0, done: 0, said: 'not built' };
  const act = await playSteps(about, async (steps) => {
    const stage = stageLivepatches({ guest, timeoutMs }, steps, ctx);
    const areThere = async (count: number) => {
      for (const [index, showOne] of shows.entries()) {
        const one = stageLivepatches({ guest, timeoutMs, show: showOne }, steps, ctx);
        await one.shows(index < count ? 'new' : 'old', `of patch ${index + 1} with ${count} in`);
      }
    };
    const counts = [...cumulative.keys(), ...[...cumulative.keys()].slice(0, -1).toReversed()];
    let before: Livepatch | undefined;
    for (const index of counts) {
      const livepatch = cumulative[index] as Livepatch;
      await stage.putIn(livepatch);
      const enabled = await stage.live();
      steps.expect(`${livepatch.module} alone is enabled (${enabled.join(', ')})`, enabled.join() === livepatch.module);
      if (before) await stage.drop(before);
      await areThere(index + 1);
      before = livepatch;
    }
    await stage.takeOut(first);
    await areThere(0);
    steps.figures.push(`${counts.map((index) => index + 1).join(', ')} patches in turn`);
  });
  if (act.done < act.asked || act.asked === 0)
    await clearLivepatches(
      { guest, timeoutMs, livepatch: first, versions: { replacing: cumulative, stacked: [] } },
      ctx,
    );
  return act;
}

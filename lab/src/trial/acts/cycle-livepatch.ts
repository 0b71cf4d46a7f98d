// Loads and unloads the livepatch again and again, as fast as its transitions allow.

import { disableLivepatch } from '../../klp/disable-livepatch.ts';
import { loadLivepatch } from '../../klp/load-livepatch.ts';
import { unloadLivepatch } from '../../klp/unload-livepatch.ts';
import type { OpContext } from '../../core/operation.ts';
import type { ActEvidence } from '../evidence.ts';
import { seconds } from '../figures.ts';
import type { ActRequest } from './act-request.ts';

/** Ends with the first transition that does not complete. */
export async function cycleLivepatch(
  { guest, module, content, timeoutMs }: ActRequest,
  times: number,
  ctx: OpContext,
): Promise<ActEvidence> {
  const act: ActEvidence = {
    act: 'cycles',
    title: 'loads and unloads again and again',
    asked: times,
    done: 0,
    said: '',
  };
  let slowestMs = 0;
  for (let cycle = 0; cycle < times; cycle++) {
    const loaded = await loadLivepatch({ guest, module, content, timeoutMs }, ctx);
    const last = loaded.outcome === 'complete' ? await disableLivepatch({ guest, module, timeoutMs }, ctx) : loaded;
    if (last.outcome !== 'stuck') await unloadLivepatch({ guest, module }, ctx);
    slowestMs = Math.max(slowestMs, ...[loaded, last].map(({ startedAt, endedAt }) => endedAt - startedAt));
    act.said = `slowest transition ${seconds(slowestMs)}`;
    if (last.outcome !== 'complete' || loaded.outcome !== 'complete') {
      act.said = `${last.direction} ${last.outcome} in cycle ${cycle + 1}, held back by ${last.stalled.map(({ comm }) => comm).join(', ') || 'no task that could be named'}`;
      return act;
    }
    act.done += 1;
  }
  return act;
}

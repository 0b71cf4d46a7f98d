// A kprobe that may change where execution goes on stands against a livepatch of the same function: the kernel must refuse
// the one that comes second (kernel: Documentation/trace/ftrace.rst, FTRACE_OPS_FL_IPMODIFY).

import { isLabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import { loadLivepatch } from '../../klp/load-livepatch.ts';
import { disableLivepatch } from '../../klp/disable-livepatch.ts';
import { unloadLivepatch } from '../../klp/unload-livepatch.ts';
import type { ActEvidence } from '../evidence.ts';
import type { ActRequest } from './act-request.ts';

/** `kprobe`: images/guest/lpl_kprobe.c, built for the target. The guest is as before when it returns. */
export async function conflictWithKprobe(
  { guest, module, content, timeoutMs }: ActRequest,
  { kprobe, target }: { kprobe: Uint8Array; target: string },
  ctx: OpContext,
): Promise<ActEvidence> {
  const act: ActEvidence = {
    act: 'kprobe',
    title: `is refused while ${target} has a kprobe`,
    asked: 1,
    done: 0,
    said: '',
  };
  await guest.upload(kprobe, '/run/lpl_kprobe.ko', 0o600, ctx);
  const placed = await guest.exec(['insmod', '/run/lpl_kprobe.ko', `target=${target}`], ctx);
  if (placed.exitCode !== 0) return { ...act, asked: 0, said: `no kprobe could be placed: ${placed.stderr.trim()}` };
  try {
    await loadLivepatch({ guest, module, content, timeoutMs }, ctx);
    await disableLivepatch({ guest, module, timeoutMs }, ctx);
    await unloadLivepatch({ guest, module }, ctx);
    return { ...act, said: 'it was loaded all the same' };
  } catch (error) {
    if (!isLabError(error, 'klp.load-rejected')) throw error;
    return { ...act, done: 1, said: error.message };
  } finally {
    await guest.exec(['rmmod', 'lpl_kprobe'], ctx);
  }
}

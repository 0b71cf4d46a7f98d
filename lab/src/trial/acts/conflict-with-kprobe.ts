// A kprobe that may change where execution goes on stands against a livepatch of the same function: the kernel must refuse
// the one that comes second (kernel: Documentation/trace/ftrace.rst, FTRACE_OPS_FL_IPMODIFY).

import { readFile } from 'node:fs/promises';
import { isLabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import { loadLivepatch } from '../../klp/load-livepatch.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';

/** The guest is as before when it returns, unless the kernel took the livepatch. */
export async function conflictWithKprobe(
  { guest, livepatch, functions, timeoutMs, kprobe }: ActRequest,
  steps: ActSteps,
  ctx: OpContext,
): Promise<void> {
  const target = functions[0] ?? steps.cannot('it changes no function');
  await guest.upload(await readFile(await kprobe(ctx)), '/run/lpl_kprobe.ko', 0o600, ctx);
  const placed = await guest.exec(['insmod', '/run/lpl_kprobe.ko', `target=${target}`], ctx);
  if (placed.exitCode !== 0) steps.cannot(`no kprobe could be placed on ${target}: ${placed.stderr.trim()}`);
  const refusal = await loadLivepatch({ guest, ...livepatch, timeoutMs }, ctx)
    .then(
      () => undefined,
      (error: unknown) => {
        if (!isLabError(error, 'klp.load-rejected')) throw error;
        return error.message;
      },
    )
    .finally(() => guest.exec(['rmmod', 'lpl_kprobe'], ctx));
  steps.expect(`the kernel refuses it while ${target} has a kprobe`, refusal !== undefined);
  steps.figures.push(refusal ?? '');
}

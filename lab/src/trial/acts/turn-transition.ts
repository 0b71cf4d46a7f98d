// Rapid re-patching: `enabled` is written faster than transitions complete, so that they turn round while tasks are on both
// sides (kernel: Documentation/livepatch/livepatch.rst, 4). A sleeper in the old code makes sure that they are under way; on
// an idle guest with one CPU a transition may otherwise be over before the write that began it returns.

import { LabError } from '../../core/error.ts';
import { type OpContext, runStage } from '../../core/operation.ts';
import { klpDirectory } from '../../klp/klp-status.ts';
import { followTransition } from '../../klp/transition.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { startSleeper } from './sleeper.ts';
import { stageLivepatches } from './stage-livepatch.ts';

export async function turnTransition(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const stage = stageLivepatches(request, steps, ctx);
  const { livepatch, guest, timeoutMs, patch } = request;
  const { module, content } = livepatch;
  const path = `/run/lpl/${module}.ko`;
  await guest.upload(content, path, 0o600, ctx);
  const sleeper = patch.sleeper ? await startSleeper(request, steps, ctx) : undefined;
  let said = '';
  const begin = async (signal: AbortSignal) => {
    const script = turns(module, path, patch.acts.rapid);
    const { stdout, stderr, exitCode } = await guest.script(script, { signal, timeoutMs });
    await sleeper?.wake();
    if (exitCode !== 0) throw new LabError('klp.busy', `${module} cannot be turned round: ${stderr.trim()}`);
    said = stdout;
  };
  const last = await runStage(ctx, { id: 'turn', title: `turn ${module} round` }, (inner) =>
    followTransition({ guest, module, direction: 'patching', timeoutMs, begin }, inner),
  );
  steps.complete(`${module}, turned round,`, last);
  const [turned = 0, anew = 0] = said.trim().split(' ').map(Number);
  if (turned === 0)
    steps.cannot('every transition was over before it could be turned round: give a sleeper, or more CPUs');
  await stage.shows('new', 'after that');
  await stage.takeOut(livepatch);
  await stage.shows('old', 'once it is gone');
  steps.figures.push(`turned round ${turned} times under way${anew ? `, begun anew ${anew} times` : ''}`);
}

/** A patch that was disabled to the end cannot be enabled again: its module begins anew. */
const turns = (module: string, path: string, times: number) => `
enabled=${klpDirectory(module)}/enabled
turned=0
anew=0
insmod ${path}
for turn in $(seq ${times}); do
  echo 0 > $enabled
  if echo 1 2>/dev/null > $enabled; then
    turned=$((turned + 1))
  else
    until rmmod ${module} 2>/dev/null; do sleep 0.05; done
    insmod ${path}
    anew=$((anew + 1))
  fi
done
echo $turned $anew
`;

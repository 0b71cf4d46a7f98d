// Loads a livepatch module into a guest and follows its transition.

import { LabError } from '../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import type { Guest } from '../vm/guest.ts';
import { runLogged } from './guest-log.ts';
import { klpDirectory } from './klp-status.ts';
import { defaultTransitionMs, followTransition, type TransitionResult } from './transition.ts';

export type LoadRequest = {
  guest: Guest;
  /** Name in /sys/module. */
  module: string;
  /** The .ko. */
  content: Uint8Array;
  /** Until the transition is rolled back; default 35 s. */
  timeoutMs?: number;
};

const insmodMs = 60_000;

/**
 * Loads and follows. A transition that stalls is rolled back and is a result. Rejects with `klp.load-rejected` (details:
 * `insmod`, `dmesg`) when the kernel does not take the module, `guest.unreachable` when the guest is gone.
 */
export async function loadLivepatch(request: LoadRequest, ctx: OpContext): Promise<TransitionResult> {
  const { guest, module, timeoutMs = defaultTransitionMs } = request;
  await runStage(ctx, { id: 'load', title: `Load ${module} into ${guest.name}` }, (stage) => insmod(request, stage));
  return runStage(ctx, { id: 'transition', title: `Transition of ${module}` }, async (stage) => {
    const result = await followTransition({ guest, module, direction: 'patching', timeoutMs }, stage);
    stage.note(`${result.outcome} in ${((result.endedAt - result.startedAt) / 1000).toFixed(2)} s`);
    return result;
  });
}

async function insmod({ guest, module, content }: LoadRequest, ctx: StageContext): Promise<void> {
  klpDirectory(module);
  const path = `/run/lpl/${module}.ko`;
  ctx.waiting(`${content.length} bytes to be uploaded`);
  await guest.upload(content, path, 0o600, ctx);
  ctx.waiting('insmod');
  const { exitCode, stderr, said } = await runLogged(guest, ['insmod', path], {
    signal: ctx.signal,
    timeoutMs: insmodMs,
  });
  if (exitCode === 0) return;
  const why = said.find((line) => line.startsWith('livepatch:') || line.startsWith(`${module}:`)) ?? said[0] ?? '';
  throw new LabError(
    'klp.load-rejected',
    `the kernel of ${guest.name} refused ${module}: ${[reason(stderr), why].filter(Boolean).join('; ')}`,
    {
      hint: 'see the kernel lines in the details; the target kernel or another livepatch stands against it',
      details: { insmod: stderr, dmesg: said },
    },
  );
}

/** busybox: `insmod: can't insert 'PATH': REASON`. */
function reason(stderr: string): string {
  return stderr.split('\n')[0]?.replace(/^insmod: can't insert '[^']*': /, '') ?? '';
}

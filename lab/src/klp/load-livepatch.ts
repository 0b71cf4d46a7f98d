// Loads a livepatch module into a guest and follows its transition.

import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Guest } from '../vm/guest/guest.ts';
import { runLogged } from './guest-log.ts';
import { klpDirectory } from './klp-status.ts';
import { defaultTransitionMs, followTransition, transitionNote, type TransitionResult } from './transition.ts';

export type LoadRequest = {
  guest: Guest;
  /** Name in /sys/module. */
  module: string;
  /** The .ko. */
  content: Uint8Array;
  /** Until the transition is rolled back; default 35 s. */
  timeoutMs?: number;
};

/** The transition's own deadline comes first. */
const insmodMs = 3_600_000;

/**
 * Loads and follows. A transition that stalls is rolled back and is a result. Rejects with `klp.load-rejected` (details:
 * `insmod`, `dmesg`) when the kernel does not take the module, `guest.unreachable` when the guest is gone.
 */
export async function loadLivepatch(request: LoadRequest, ctx: OpContext): Promise<TransitionResult> {
  const { guest, module, content, timeoutMs = defaultTransitionMs } = request;
  klpDirectory(module);
  const path = `/run/lpl/${module}.ko`;
  await runStage(ctx, { id: 'upload', title: `upload ${module} to ${guest.name}` }, async (stage) => {
    await guest.upload(content, path, 0o600, stage);
    stage.note(`${(content.length / 1024).toFixed(0)} KiB`);
  });
  return runStage(ctx, { id: 'load', title: `load ${module}` }, async (stage) => {
    const begin = (signal: AbortSignal) => insmod(guest, module, path, signal);
    const result = await followTransition({ guest, module, direction: 'patching', timeoutMs, begin }, stage);
    stage.note(transitionNote(result));
    return result;
  });
}

async function insmod(guest: Guest, module: string, path: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stderr, said } = await runLogged(guest, ['insmod', path], { signal, timeoutMs: insmodMs });
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

// Puts livepatches in and takes them out as the steps of an act; each of them must come out right.

import type { OpContext } from '../../core/operation.ts';
import { disableLivepatch } from '../../klp/disable-livepatch.ts';
import { readKlpStatus } from '../../klp/klp-status.ts';
import { loadLivepatch } from '../../klp/load-livepatch.ts';
import type { TransitionResult } from '../../klp/transition.ts';
import { unloadLivepatch } from '../../klp/unload-livepatch.ts';
import type { ActRequest, Livepatch } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';

export type Stage = {
  putIn(livepatch: Livepatch): Promise<TransitionResult>;
  takeOut(livepatch: Livepatch): Promise<void>;
  /** Takes the module of one out that is not live any more. */
  drop(livepatch: Livepatch): Promise<void>;
  /** What the reproducer must show now, where there is one. */
  shows(behaviour: 'new' | 'old', when: string): Promise<void>;
  /** Names of those that are enabled. */
  live(): Promise<string[]>;
};

/** What staging needs of an act. */
type Staged = Pick<ActRequest, 'guest' | 'timeoutMs'> & Partial<Pick<ActRequest, 'show'>>;
type Cleared = Pick<ActRequest, 'guest' | 'livepatch' | 'versions' | 'timeoutMs'>;

export function stageLivepatches(request: Staged, steps: ActSteps, ctx: OpContext): Stage {
  const { guest, timeoutMs, show } = request;
  return {
    putIn: async (livepatch) => {
      const result = await loadLivepatch({ guest, timeoutMs, ...livepatch }, ctx);
      steps.complete(livepatch.module, result);
      return result;
    },
    takeOut: async ({ module }) => {
      steps.complete(`${module} disabled`, await disableLivepatch({ guest, module, timeoutMs }, ctx));
      await unloadLivepatch({ guest, module }, ctx);
    },
    drop: async ({ module }) => {
      await unloadLivepatch({ guest, module }, ctx);
      steps.expect(`${module} can be unloaded`, true);
    },
    shows: async (behaviour, when) => {
      const exitCode = await show?.(ctx);
      if (exitCode === undefined) return;
      if (exitCode > 1) steps.cannot(`the reproducer gave no answer ${when} (exit code ${exitCode})`);
      steps.expect(`${behaviour} behaviour ${when}`, exitCode === (behaviour === 'new' ? 0 : 1));
    },
    live: async () => (await readKlpStatus(guest, ctx.signal)).flatMap(({ name, enabled }) => (enabled ? [name] : [])),
  };
}

/** After an act that ended early: none of these stays behind, as far as the kernel lets go of them. */
export async function clearLivepatches(
  { guest, livepatch, versions, timeoutMs }: Cleared,
  ctx: OpContext,
): Promise<void> {
  const ours = [livepatch, ...versions.replacing, ...versions.stacked].map(({ module }) => module);
  for (const { name, enabled } of (await readKlpStatus(guest, ctx.signal)).toReversed())
    if (enabled && ours.includes(name)) await disableLivepatch({ guest, module: name, timeoutMs }, ctx);
  const words = ours.map((module) => `rmmod ${module} 2>/dev/null || true`);
  await guest.script(words.join('\n'), { signal: ctx.signal });
}

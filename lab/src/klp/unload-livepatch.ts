// Unloads the module of a disabled livepatch.

import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { waitUntil } from '../core/wait.ts';
import type { Guest } from '../vm/guest/guest.ts';
import { klpDirectory, readKlpStatus } from './klp-status.ts';

export type UnloadRequest = { guest: Guest; module: string; /** default 10 s */ timeoutMs?: number };

/**
 * Unloads. The kernel drops its reference some moments after the transition has ended (a work item), which is waited
 * for. Rejects with `klp.busy` while the patch is enabled or in transition, or when the reference stays.
 */
export async function unloadLivepatch(
  { guest, module, timeoutMs = 10_000 }: UnloadRequest,
  ctx: OpContext,
): Promise<void> {
  klpDirectory(module);
  await runStage(ctx, { id: 'unload', title: `unload ${module}` }, async (stage) => {
    const wait = { what: `${module} to be free`, timeoutMs, code: 'klp.busy', signal: stage.signal } as const;
    stage.waiting(wait.what);
    await waitUntil(wait, async () => {
      if ((await guest.exec(['rmmod', module], stage)).exitCode === 0) return true;
      await requireUnloadable(guest, module, stage);
      return undefined;
    });
  });
}

/** Throws when waiting cannot help; asked only of a module that did not go, for the guest's time is dear. */
async function requireUnloadable(guest: Guest, module: string, stage: OpContext): Promise<void> {
  const patch = (await readKlpStatus(guest, stage.signal)).find(({ name }) => name === module);
  if (patch?.enabled)
    throw new LabError('klp.busy', `${module} is enabled on ${guest.name}`, { hint: '`lpl klp disable` it first' });
  const loaded = await guest.exec(['test', '-d', `/sys/module/${module}`], stage);
  if (loaded.exitCode !== 0)
    throw new LabError('klp.unknown', `${guest.name} has no module ${module}`, {
      hint: '`lpl klp status` shows those it has',
    });
}

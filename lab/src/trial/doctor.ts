// The check-up of a machine: what the host has, what the lab brought along, which accelerator really works.

import { asLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { prepareToBoot, resolveBootTarget } from '../kernel/boot-target.ts';
import { defaultTargetName } from '../kernel/target.ts';
import { checkHost, type Finding } from '../toolroot/host-check.ts';
import { installMissingTools } from '../toolroot/install-tools.ts';
import { chooseAccelerator, knownAccelerator } from '../vm/accelerator.ts';

/** With `install` puts right what can be; a booted guest decides about the accelerator. */
export async function runDoctor(ctx: OpContext, site: Site, fix: 'install' | 'report'): Promise<Finding[]> {
  if (fix === 'install')
    await runStage(ctx, { id: 'install', title: 'host tools' }, (stage) => installMissingTools(stage));
  const host = await runStage(ctx, { id: 'host', title: 'this machine' }, (stage) =>
    checkHost(stage, site.paths.cache),
  );
  return [...host, await checkMachines(ctx, site, fix)];
}

async function checkMachines(ctx: OpContext, site: Site, fix: 'install' | 'report'): Promise<Finding> {
  const base = { id: 'accelerator', title: 'QEMU and accelerator' };
  if (fix === 'report') {
    const known = await knownAccelerator(site.paths);
    if (known) return { ...base, ok: true, said: `${known.accelerator}: ${known.reason}` };
    return { ...base, ok: false, said: 'not tried yet', next: 'lpl doctor --fix' };
  }
  try {
    const target = await resolveBootTarget(ctx, site, defaultTargetName);
    const { bootable, labRoot } = await prepareToBoot(ctx, site.rooms, target);
    const where = { paths: site.paths, labRoot, recipes: site.resources.guest, kernel: bootable };
    const { accelerator, reason } = await chooseAccelerator(where, ctx);
    return { ...base, ok: true, said: `${accelerator}: ${reason}` };
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { message, hint } = asLabError(error);
    return { ...base, ok: false, said: message, ...(hint ? { next: hint } : {}) };
  }
}

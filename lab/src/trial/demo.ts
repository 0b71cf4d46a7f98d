// The demo: set up everything, choose a kernel that still has the bugs, and run the example scenario on it.

import { join } from 'node:path';
import { type OpContext, runStage } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { stockTarget } from '../kernel/boot-target.ts';
import { keptKernels } from '../kernel/find-kernel.ts';
import { listTargets } from '../kernel/prepare-kernel.ts';
import { parseStockName } from '../kernel/target.ts';
import { checkHost, requireHost } from '../toolroot/host-check.ts';
import { installMissingTools } from '../toolroot/install-tools.ts';
import { chooseKernel } from './choose-kernel.ts';
import { runOnKernel, type TrialSummary } from './run-scenario.ts';
import { readScenario } from './scenario.ts';

/**
 * Runs the scenario on the newest kernel at hand (on the mirror or prepared before) that shows what it mends. When all of
 * them have the fixes already, runs `greeting.yaml` beside it instead: a change that every kernel can show.
 */
export async function runDemo(ctx: OpContext, site: Site, path: string): Promise<TrialSummary> {
  await runStage(ctx, { id: 'tools', title: 'host tools' }, (stage) => installMissingTools(stage));
  await runStage(ctx, { id: 'host', title: 'this machine' }, async (stage) =>
    requireHost(await checkHost(stage, site.paths.cache)),
  );
  const scenario = await readScenario(path);
  const target = parseStockName(scenario.target);
  const kernels = [...(await keptKernels(site.rooms.kernels, target)), ...(await listTargets(ctx, site.rooms, target))];
  const say = (text: string) => ctx.emit({ type: 'line', from: 'lab', text });
  const choice = chooseKernel(scenario, kernels);
  if (choice) {
    const { kernel, patches } = choice;
    const bugs = patches.length === 1 ? 'this bug' : 'these bugs';
    const fixed = scenario.patches.length - patches.length;
    const others = fixed === 0 ? '' : `, and has the other ${fixed === 1 ? 'fix' : `${fixed} fixes`} of the example`;
    say(`${kernel.release} is the newest kernel at hand that still has ${bugs}${others}`);
    return runOnKernel(ctx, site, { ...scenario, patches }, stockTarget(kernel));
  }
  say(`every kernel at hand has these fixes already; showing a patch of our own instead`);
  const greeting = await readScenario(join(path, '../greeting.yaml'));
  const any = chooseKernel(greeting, kernels);
  if (!any) throw new Error('a patch without `affects` suits every kernel');
  return runOnKernel(ctx, site, greeting, stockTarget(any.kernel));
}

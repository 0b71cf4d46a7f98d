// From a file to a livepatch module for a named target: which engine, the target made ready, and the build.

import type { OpContext } from '../core/operation.ts';
import type { Site } from '../core/site.ts';
import { ensureScriptsRoot } from '../kernel/prepare-kernel.ts';
import { parseTarget } from '../kernel/target-names.ts';
import { buildLivepatch } from './build-livepatch.ts';
import { engineFor } from './engine-for.ts';
import { buildModule } from './module/build-module.ts';
import { prepareTarget } from './prepare-target.ts';
import type { BuildEngine, BuildResult } from './result.ts';
import { buildWholeKernel } from './whole-kernel/build-whole-kernel.ts';
import { klpBuild } from './whole-kernel/klp-build.ts';
import { kpatchBuild } from './whole-kernel/kpatch-build.ts';

export type BuildCommand = {
  /** Text of the file. */
  patch: string;
  /** Its name: of the module, and for which engine it is. */
  patchName: string;
  target: string;
  out?: string;
  replace: boolean;
  /** Undefined: the lab chooses. */
  engine?: BuildEngine;
  /** Of objdiff, see affectedUnits. */
  maxUnits?: number;
};

const tools = { 'klp-build': klpBuild, 'kpatch-build': kpatchBuild };

/** Throws as engineFor, prepareTarget and the engines do. */
export async function buildForTarget(ctx: OpContext, site: Site, command: BuildCommand): Promise<BuildResult> {
  const { target, engine: wanted, ...file } = command;
  const { kind } = await parseTarget(site.paths, target);
  const engine = engineFor({ fileName: file.patchName, target, kind, wanted });
  const { kernel, labRoot } = await prepareTarget(ctx, site, target);
  const places = { kpatch: labRoot, labRoot: { path: labRoot, compiler: '' }, cache: site.rooms.builds };
  const request = { ...file, ...places, kernel };
  if (engine === 'module') return buildModule(request, ctx);
  if (engine === 'objdiff') return buildLivepatch(request, ctx);
  const scripts = (inner: OpContext) => ensureScriptsRoot(inner, site.rooms);
  return buildWholeKernel({ ...request, tool: tools[engine], scripts }, ctx);
}

// From a source patch to a livepatch module with a tool that builds the whole kernel, twice, in a private view of the
// developer's own tree (engines klp-build and kpatch-build). The view is kept, so that the next patch compiles little.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentKey } from '../../core/artefact.ts';
import { requireFreeSpace } from '../../core/disk-space.ts';
import { LabError } from '../../core/error.ts';
import { holdDirectory } from '../../core/in-use.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { readElf } from '../../kernel/elf.ts';
import { readKernelConfig } from '../../kernel/kernel-config.ts';
import type { BuildRequest } from '../build-livepatch.ts';
import { keepModule } from '../keep-module.ts';
import { moduleNameFor } from '../module-name.ts';
import { isRefused, type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import type { BuildResult, PatchedFunction } from '../result.ts';
import { sweepScratch, withScratch } from '../scratch.ts';
import { recordStages } from '../stage-recorder.ts';
import { checkWholeModule } from './check-whole-module.ts';
import { placeIn, readPatchedSources, sourceOf } from './patched-sources.ts';
import { runTool } from './run-tool.ts';
import type { TreeView } from './tree-view.ts';
import type { WholeKernelTool } from './whole-kernel-tool.ts';

export type WholeKernelRequest = BuildRequest & {
  tool: WholeKernelTool;
  /** Makes the root whose launchers are the programs that the tools' scripts ask for. */
  scripts: (ctx: OpContext) => Promise<string>;
};

/** Builds the livepatch. Throws `kernel.unsupported` at once when the tool cannot build that tree. */
export async function buildWholeKernel(request: WholeKernelRequest, ctx: OpContext): Promise<BuildResult> {
  const { tool, kernel } = request;
  const recorder = recordStages(ctx);
  const config = readKernelConfig(await readFile(join(kernel.buildTree, '.config'), 'utf8'));
  const objection = tool.objection({ release: kernel.release, config });
  if (objection)
    throw new LabError('kernel.unsupported', `${kernel.name}: ${objection}`, {
      hint: 'leave --engine out: objdiff compiles the touched files alone',
    });
  const moduleName = moduleNameFor(request.patchName);
  const choice = `${tool.engine}: your own build of ${kernel.release}, asked for (objdiff would compile the touched files alone)`;
  const common = { engine: tool.engine, choice, moduleName: moduleName ?? '', stages: recorder.stages } as const;
  const built = moduleName
    ? await build(recorder.ctx, request, { moduleName, config })
    : refused(reason('NP16', { name: request.patchName }));
  if (isRefused(built)) return { ...common, ...built, functions: [] };
  return { ...common, verdict: 'built', ...built, reasons: [] };
}

type Given = { moduleName: string; config: ReadonlyMap<string, string> };
type Built = { module: string; functions: PatchedFunction[] };

async function build(ctx: OpContext, request: WholeKernelRequest, given: Given): Promise<Built | Refused> {
  const { kernel, tool } = request;
  const sources = await runStage(ctx, { id: 'apply', title: 'patch and source' }, () =>
    readPatchedSources(request.patch, kernel),
  );
  if (isRefused(sources)) return sources;
  const view = await openView(ctx, request, given.config);
  await sweepScratch(view.room);
  await runStage(ctx, { id: 'space', title: 'space for a whole kernel' }, (stage) =>
    requireSpace(stage, view, kernel.buildTree),
  );
  const scripts = await request.scripts(ctx);
  return withScratch(view.room, async (out) => {
    await writeFile(join(out, `${given.moduleName}.patch`), request.patch);
    const { replace, kpatch } = request;
    const output = await runTool(ctx, view, {
      tool,
      artefact: kernel.artefact,
      sources,
      moduleName: given.moduleName,
      replace,
      programs: { scripts, kpatch },
      out,
    });
    if (isRefused(output)) return output;
    const file = join(out, `${given.moduleName}.ko`);
    const elf = readElf(await readFile(file), file);
    const replaced = tool.replacedFunctions(elf);
    const reasons = await runStage(ctx, { id: 'check', title: 'check the module against the target' }, () =>
      checkWholeModule(kernel, { elf, replaced, file: placeIn(sources).file, config: given.config }),
    );
    if (reasons.length > 0) return refused(...reasons);
    const module = await keepModule(view, { module: file, moduleName: given.moduleName, out: request.out });
    const added = tool.functions(output).added.map((name) => ({ object: 'vmlinux', name, kind: 'new' as const }));
    const changed = replaced.map(({ object, name }) => ({ object, name, kind: 'changed' as const }));
    return {
      module,
      functions: [...changed, ...added].map((each) => ({ ...each, file: sourceOf(sources, each.name) })),
    };
  });
}

/** A view for each configuration: another one compiles everything anew anyhow. */
async function openView(
  ctx: OpContext,
  { kernel, cache, tool }: WholeKernelRequest,
  config: Given['config'],
): Promise<TreeView> {
  const { name, source, buildTree, toolroot } = kernel;
  const key = contentKey({ source, buildTree, toolroot, tool: tool.engine, config: [...config], format: 1 });
  const room = join(cache, `${kernel.release}-${tool.engine}-${key}`);
  await holdDirectory(room, ctx.signal);
  await mkdir(room, { recursive: true });
  return { tree: { name, source, build: buildTree }, toolroot, room };
}

/** Objects take as much as those of the tree; measured: 822 MiB beside 865. Those of a view that has built once are there. */
async function requireSpace(ctx: StageContext, { room, tree }: TreeView, buildTree: string): Promise<void> {
  if ((await readdir(room)).includes('record.json')) return ctx.cached();
  const { stdout } = await runCommand({ argv: ['du', '-s', '-m', '--', buildTree], okCodes: [0, 1] }, ctx);
  await requireFreeSpace(room, Number.parseInt(stdout, 10), `another build of ${tree.name}`);
}

// The facade's verbs for authoring a livepatch; part of lab.ts, which is the only door. Nothing here decides; the rooms do.

import { explainLivepatch, type ExplainRequest, type Explanation } from './build/explain/explain-livepatch.ts';
import { lintForTarget, type LintResult, lintText } from './build/lint/lint-patch.ts';
import { livepatchTemplate } from './build/module/livepatch-template.ts';
import { templateFunction } from './build/module/template-function.ts';
import { prepareTarget } from './build/prepare-target.ts';
import { type OpContext, runStage } from './core/operation.ts';
import type { Site } from './core/site.ts';
import { directoryPatch } from './patch/directory-patch.ts';

export type LintCommand = { patch: string; target?: string };

export type ExplainCommand = Pick<ExplainRequest, 'patch' | 'patchName' | 'assembly' | 'maxUnits'> & { target: string };

export type TemplateCommand = { target: string; functions: string[]; callbacks: boolean; shadow: boolean };

export function authorVerbs(site: Site) {
  const prepared = async (name: string, ctx: OpContext) => prepareTarget(ctx, site, name);

  return {
    /** What stands against a patch, without compiling it: at once from its text, and more with a target. */
    lint: async ({ patch, target }: LintCommand, ctx: OpContext): Promise<LintResult> => {
      if (target === undefined) return lintText(patch);
      const { kernel } = await prepared(target, ctx);
      return runStage(ctx, { id: 'lint', title: 'lint' }, () => lintForTarget(patch, kernel));
    },

    /** Why each function of the livepatch that a patch makes is in it; refused as its build would be. */
    explain: async ({ target, ...request }: ExplainCommand, ctx: OpContext): Promise<Explanation> => {
      const { kernel, labRoot } = await prepared(target, ctx);
      const tools = { kpatch: labRoot, labRoot: { path: labRoot, compiler: '' }, cache: site.rooms.builds };
      return explainLivepatch({ ...request, ...tools, kernel }, ctx);
    },

    /** The C source of a livepatch to go on from. `functions`: FILE:FUNCTION each; only they need the target. */
    newLivepatch: async ({ target, functions: places, ...parts }: TemplateCommand, ctx: OpContext): Promise<string> => {
      if (places.length === 0) return livepatchTemplate({ ...parts, functions: [] });
      const { kernel } = await prepared(target, ctx);
      const functions = await Promise.all(places.map((place) => templateFunction(place, kernel)));
      return livepatchTemplate({ ...parts, functions });
    },

    /** What differs in a directory of edited files from the source of the target, as a patch; '' when nothing does. */
    worktreePatch: async (request: { directory: string; target: string }, ctx: OpContext): Promise<string> => {
      const { source } = (await prepared(request.target, ctx)).kernel;
      return runStage(ctx, { id: 'worktree', title: `edits in ${request.directory}` }, () =>
        directoryPatch(request.directory, source, ctx.signal),
      );
    },
  };
}

// Runs a tool that builds whole kernels in the view of a tree: its steps as they come, and what it means when it gives up.

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../../core/error.ts';
import type { OpContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { readJson, writeJson } from '../../core/store.ts';
import { readCompilerMessages } from '../compile/compiler-messages.ts';
import type { Refused } from '../refused.ts';
import { reason } from '../reason.ts';
import { followSteps, type Steps } from './follow-steps.ts';
import { type PatchedSource, placeIn } from './patched-sources.ts';
import { gawkPath, type ToolPrograms, toolPlaces } from './tool-places.ts';
import { inTreeView, requireMounted, type TreeView, withTreeView } from './tree-view.ts';
import type { WholeKernelTool } from './whole-kernel-tool.ts';

export type ToolRun = {
  tool: WholeKernelTool;
  /** Names the content of the tree: another build of it is another original. */
  artefact: string;
  sources: readonly PatchedSource[];
  moduleName: string;
  replace: boolean;
  programs: ToolPrograms;
  /** Holds MODULE.patch, gets MODULE.ko. */
  out: string;
};

/** A kernel of a distribution's configuration takes hours on few cores. */
const limitMs = 12 * 3600_000;

/** What the tool said while it built the module; refused when it says that the patch cannot be one. Throws `build.failed`. */
export function runTool(ctx: OpContext, view: TreeView, run: ToolRun): Promise<string | Refused> {
  const patched = [...run.sources.map(({ path }) => path), ...run.tool.edits];
  const first = { id: 'view', title: `view of ${view.tree.name}` };
  return followSteps(ctx, first, (steps) =>
    withTreeView({ signal: ctx.signal, waiting: steps.waiting }, view, patched, async () => {
      for (const script of run.tool.gawkScripts) await callGawk(view, script);
      const original = openOriginal(view, run);
      const { output, step, exitCode } = await runInView(ctx, view, run, {
        steps,
        isOriginalBuilt: await original.isBuilt(),
      });
      await original.keep();
      return exitCode === 0
        ? output
        : refusalOf(run, view, { output: `${output}\n${await logOf(view, run.tool)}`, step });
    }),
  );
}

/** In the view the script names gawk on its first line. */
async function callGawk({ tree, room }: TreeView, script: string): Promise<void> {
  const text = await readFile(join(tree.source, script), 'utf8');
  const path = join(room, 'written', script);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text.replace(/^#!\S*awk/, `#!${gawkPath}`), { mode: 0o755 });
}

async function runInView(
  ctx: OpContext,
  view: TreeView,
  { tool, moduleName, replace, programs, out }: ToolRun,
  { steps, isOriginalBuilt }: { steps: Steps; isOriginalBuilt: boolean },
): Promise<{ output: string; step: string; exitCode: number }> {
  const { source } = view.tree;
  const command = tool.command({ moduleName, replace, jobs: availableParallelism(), source, isOriginalBuilt });
  const { binds, path } = toolPlaces(programs);
  const lines: string[] = [];
  let step = '';
  const onLine = (text: string) => {
    lines.push(text);
    ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
    const next = tool.step(text);
    if (next) steps.enter(next);
    step = next?.id ?? step;
  };
  const inView = inTreeView(view, { argv: command.argv, env: { ...command.env, PATH: path }, binds, out });
  const ended = await runCommand(inView, { signal: ctx.signal, timeoutMs: limitMs, onLine });
  requireMounted(view, ended);
  return { output: lines.join('\n'), step, exitCode: ended.exitCode };
}

const originalFile = z.object({ artefact: z.string() });

/** Whether the original kernel in the view is that of the tree as it is now, and keeping that in mind. */
function openOriginal({ room }: TreeView, { tool, artefact }: ToolRun) {
  const path = join(room, 'original.json');
  const isThere = async () => tool.originalBuilt !== undefined && (await exists(join(room, tool.originalBuilt)));
  return {
    isBuilt: async () => (await isThere()) && (await readJson(path, originalFile))?.artefact === artefact,
    keep: async () => {
      if (await isThere()) await writeJson(path, { artefact });
    },
  };
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

const logOf = ({ room }: TreeView, { log }: WholeKernelTool) =>
  log === undefined ? '' : readFile(join(room, log), 'utf8').catch(() => '');

/** Why the tool gave up. Throws `build.failed` when that says nothing about the patch. */
function refusalOf(
  { tool, sources }: ToolRun,
  { tree }: TreeView,
  { output, step }: { output: string; step: string },
): Refused {
  const said = tool.refusal(output, placeIn(sources));
  if (said) return said;
  const errors = readCompilerMessages(output).filter(({ severity }) => severity === 'error');
  if (step === 'patched' && errors.length > 0) {
    const reasons = errors.map(({ file, line, text, function: name }) =>
      reason('does-not-compile', { file, line, message: text, ...(name ? { function: name } : {}) }),
    );
    return { verdict: 'failed', reasons };
  }
  const lines = output.trim().split('\n');
  const last = lines.findLast((line) => /\berror\b/i.test(line)) ?? lines.at(-1) ?? '';
  throw new LabError('build.failed', `${tool.engine} gave up on ${tree.name} (${step}): ${last.slice(0, 300)}`, {
    hint: '`--verbose` shows all that it says',
    details: { output: output.slice(-8000) },
  });
}

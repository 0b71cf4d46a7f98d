// The machine of a trial that stays behind for a debugger: as the failure left it, or with its last livepatch live again.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asLabError, isLabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { loadLivepatch } from '../klp/load-livepatch.ts';
import { copyConsole } from '../vm/console/console-segments.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { Evidence, TransitionEvidence } from './evidence.ts';

/** Lets go of it; only a cancelled operation throws. `directory`: of the trial, for what the console said until now. */
export async function leaveMachine(
  machine: RunningMachine,
  evidence: Evidence,
  directory: string,
  ctx: OpContext,
): Promise<void> {
  await runStage(ctx, { id: 'keep', title: `leave ${machine.name} running` }, async (stage) => {
    await copyConsole(machine.files.consoleLog, join(directory, 'console.log'));
    if (!evidence.hindrance) stage.note(await livenAgain(machine, evidence, stage));
  });
  await machine.detach();
}

/** Loads the last livepatch that went in and out again. Says what came of it. */
async function livenAgain(machine: RunningMachine, { patches }: Evidence, ctx: OpContext): Promise<string> {
  const isOut = ({ direction, outcome }: TransitionEvidence) => direction === 'unpatching' && outcome === 'complete';
  const last = patches.findLast(({ transitions }) => transitions.some(isOut))?.build;
  if (!last?.module) return 'as the trial left it';
  const { module: path, moduleName: module } = last;
  try {
    const { outcome } = await loadLivepatch({ guest: machine.guest, module, content: await readFile(path) }, ctx);
    return outcome === 'complete'
      ? `${module} is live again`
      : `${module} does not go live again: its transition stalls`;
  } catch (error) {
    if (ctx.signal.aborted || isLabError(error, 'op.cancelled')) throw error;
    return `${module} does not go live again: ${asLabError(error).message}`;
  }
}

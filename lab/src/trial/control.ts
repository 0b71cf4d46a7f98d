// The control experiment: the same load and witnesses over a real reboot of the same machine.

import { setTimeout as sleep } from 'node:timers/promises';
import { type OpContext, runStage } from '../core/operation.ts';
import type { RunningMachine } from '../vm/machine.ts';
import type { Run } from './evidence.ts';
import { requestFigures, seconds } from './figures.ts';
import { startRecording } from './recording.ts';

const quietMs = 1500;
const servingMs = 60_000;

export async function recordReboot(machine: RunningMachine, ctx: OpContext): Promise<Run> {
  return runStage(ctx, { id: 'control', title: 'control: the same machine, really rebooted' }, async (stage) => {
    const recording = await startRecording(machine, stage);
    const inner = { ...stage, signal: recording.signal };
    try {
      await recording.baseline(quietMs);
      await recording.phase('reboot', undefined, async () => {
        await machine.reboot(inner);
        await recording.rewitness();
        await recording.untilServing(servingMs);
      });
      await recording.phase('after', undefined, () => sleep(quietMs, undefined, inner));
    } catch (error) {
      await recording.finish();
      throw error;
    }
    const run = await recording.finish();
    stage.note(`down for ${seconds(requestFigures(run).longestSilenceMs)}`);
    return run;
  });
}

// Brings a machine back to a snapshot that a user made of it, whether it runs now or not.

import { stat } from 'node:fs/promises';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import { consoleStart } from './console/console-segments.ts';
import { setGuestClock } from './guest/guest-clock.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { machineOf, type RunningMachine } from './machine.ts';
import { findMachineSnapshot, machineSnapshotFiles } from './machine-snapshots.ts';
import { waitForSsh } from './readiness.ts';
import { startInstance } from './start-instance.ts';
import { stopInstance } from './stop-instance.ts';

const answerMs = 30_000;

/**
 * Ends the machine if it runs and lets the snapshot go on in its place: same keys, other ports, the present time. Without
 * a label: its newest. Rejects with `snapshot.unknown`, `snapshot.corrupt` (the machine is then left as it is), or as
 * startInstance does.
 */
export async function restoreMachine(
  files: InstanceFiles,
  label: string | undefined,
  ctx: OpContext,
): Promise<RunningMachine> {
  const snapshot = await findMachineSnapshot(files, label);
  const kept = machineSnapshotFiles(files, snapshot.label);
  const found = await stat(kept.state).catch(() => undefined);
  if (found?.size !== snapshot.stateBytes)
    throw new LabError(
      'snapshot.corrupt',
      `snapshot ${snapshot.label} of ${files.name} has ${found?.size ?? 0} bytes of ${snapshot.stateBytes}`,
      { hint: `it cannot be used; remove ${kept.directory}` },
    );
  const title = `Restore ${files.name} to ${snapshot.label}`;
  return runStage(ctx, { id: 'restore', title }, async (stage) => {
    await stopInstance(files);
    const { owner: _owner, name: _name, start: _start, ...config } = snapshot.config;
    const run = await startInstance(
      { files, config, ram: { kind: 'own' }, state: { path: kept.state, ram: 'with-state' }, identity: kept },
      stage,
    );
    try {
      const guest = await waitForSsh({ files, run, consoleFrom: consoleStart, timeoutMs: answerMs }, stage);
      await setGuestClock(guest, stage.signal);
      stage.note(`ssh on 127.0.0.1:${run.ports.ssh}`);
      return await machineOf(files, run, guest);
    } catch (error) {
      await stopInstance(files);
      throw error;
    }
  });
}

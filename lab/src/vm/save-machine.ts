// Makes a snapshot of a running machine. The guest stands still while it is written, then goes on.

import { constants, copyFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { requireFreeSpace } from '../core/disk-space.ts';
import { LabError } from '../core/error.ts';
import { withLock } from '../core/lock.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { privateDirectory } from '../core/paths.ts';
import { publishDirectory, writeJson } from '../core/store.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import { type InstanceConfig, readInstanceConfig, readInstanceRun } from './instance/instance-record.ts';
import { isInstanceProcess } from './instance-state.ts';
import { listMachineSnapshots, machineSnapshotFiles, type SnapshotRecord } from './machine-snapshots.ts';
import { withQmp } from './qemu/qmp-access.ts';
import { saveState } from './qemu/saved-state.ts';

/**
 * Saves the machine under that label, or one made of the time. Whatever happens, the guest goes on afterwards, and what
 * was half written is removed. Rejects with `vm.unknown`, `vm.not-running`, `usage.invalid` (label taken), `host.no-space`
 * or `snapshot.failed`.
 */
export async function saveMachine(
  files: InstanceFiles,
  wished: string | undefined,
  ctx: OpContext,
): Promise<SnapshotRecord> {
  const label = wished ?? new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-');
  const target = machineSnapshotFiles(files, label);
  return runStage(ctx, { id: 'snapshot', title: `Snapshot ${label} of ${files.name}` }, (stage) =>
    withLock(files.directory, { signal: ctx.signal, waitMs: 0 }, async () => {
      const config = await runningConfig(files);
      if ((await listMachineSnapshots(files)).some((each) => each.label === label))
        throw new LabError('usage.invalid', `${files.name} has a snapshot ${label} already`, {
          hint: 'choose another label',
        });
      await requireSpace(files, config);
      privateDirectory(dirname(target.directory));
      let snapshot: SnapshotRecord | undefined;
      await publishDirectory(target.directory, async (temporary) => {
        privateDirectory(temporary);
        const inside = (path: string) => path.replace(target.directory, temporary);
        const at = Date.now();
        const paths = { state: inside(target.state), rootDisk: inside(target.rootDisk) };
        const pausedMs = await whileStopped(files, paths, config, stage);
        for (const { live, kept } of target.identity) await copyFile(live, inside(kept));
        snapshot = { label, at, pausedMs, config, stateBytes: (await stat(paths.state)).size };
        await writeJson(inside(target.record), snapshot, 0o600);
      });
      if (!snapshot) throw new LabError('bug', `snapshot ${label} was published but never made`);
      stage.note(`the guest stood still for ${snapshot.pausedMs} ms`);
      return snapshot;
    }),
  );
}

async function runningConfig(files: InstanceFiles): Promise<InstanceConfig> {
  const [config, run] = await Promise.all([readInstanceConfig(files), readInstanceRun(files)]);
  if (!config) throw new LabError('vm.unknown', `there is no machine ${files.name}`, { hint: 'see `lpl vm ls`' });
  if (run && isInstanceProcess(files, run.process)) return config;
  throw new LabError('vm.not-running', `machine ${files.name} does not run`, { hint: `\`lpl vm up ${files.name}\`` });
}

/** At most all memory and all of the overlay, both once more. */
async function requireSpace(files: InstanceFiles, { memoryMiB, boot }: InstanceConfig): Promise<void> {
  const overlayMiB = boot.rootDisk ? Math.ceil(((await stat(files.rootDisk)).blocks * 512) / 2 ** 20) : 0;
  await requireFreeSpace(files.directory, memoryMiB + overlayMiB, `a snapshot of ${files.name}`);
}

/** Writes state and overlay with the guest stopped, and lets it go on; returns for how many milliseconds it stood still. */
async function whileStopped(
  files: InstanceFiles,
  paths: { state: string; rootDisk: string },
  config: InstanceConfig,
  ctx: StageContext,
): Promise<number> {
  ctx.waiting('the state to be written');
  // Letting go on must work although the operation was cancelled.
  const always = new AbortController().signal;
  return withQmp(files, always, async (qmp) => {
    const started = performance.now();
    try {
      await saveState(qmp, { path: paths.state, ram: 'with-state' }, ctx.signal);
      if (config.boot.rootDisk) await copyFile(files.rootDisk, paths.rootDisk, constants.COPYFILE_FICLONE);
    } catch (error) {
      await qmp.execute('migrate_cancel');
      throw error;
    } finally {
      await qmp.execute('cont');
    }
    return Math.round(performance.now() - started);
  });
}

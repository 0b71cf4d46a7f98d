// A machine of one kernel on which livepatches are built, loaded, seen at work and taken out again.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { ensureBootable, resolveTarget } from '../../lab/src/kernel/prepare-kernel.ts';
import { disableLivepatch } from '../../lab/src/klp/disable-livepatch.ts';
import { readKlpStatus } from '../../lab/src/klp/klp-status.ts';
import { loadLivepatch } from '../../lab/src/klp/load-livepatch.ts';
import { readLivepatchModule } from '../../lab/src/klp/module-file.ts';
import { unloadLivepatch } from '../../lab/src/klp/unload-livepatch.ts';
import type { BuildResult } from '../../lab/src/lab.ts';
import { readKernelLog, writeCanary } from '../../lab/src/trial/kernel-log.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { facade } from './facade.ts';
import { operate } from './operation.ts';
import { startTestMachine, type TestLab } from './test-machine.ts';

export type LivepatchMachine = {
  machine: RunningMachine;
  /** Builds a patch of test/fixtures/patch for the machine's kernel. */
  build(name: string, options?: { replace: boolean }): Promise<BuildResult>;
  /** Builds and loads, which must succeed. */
  load(name: string, options?: { replace: boolean }): Promise<{ module: string; result: BuildResult }>;
  /** Loads a module of this host, which must succeed; its name. */
  loadFile(file: string): Promise<string>;
  unload(module: string): Promise<void>;
  /** What a script in the guest prints. */
  says(script: string): Promise<string>;
  /** Fails unless the kernel went through transitions, had nothing to complain of, and has no livepatch left. */
  isSound(transitions: number): Promise<void>;
  close(): Promise<void>;
};

/** Prepares the target and boots a throw-away machine of it. */
export async function openLivepatchMachine(lab: TestLab, name: string, target: string): Promise<LivepatchMachine> {
  const { signal } = new AbortController();
  await operate((ctx) => facade(lab.paths).prepareTarget(target, ctx));
  const rooms = cacheRooms(lab.paths);
  const kernel = await operate(async (ctx) => ensureBootable(ctx, rooms, await resolveTarget(ctx, rooms, target)));
  const scratch = await mkdtemp(join(tmpdir(), 'lpl-build-'));
  const machine = await startTestMachine(lab.paths, name, { kernel });
  const { guest } = machine;
  const canary = await writeCanary(guest, signal);

  const build: LivepatchMachine['build'] = async (patchFile, { replace = false } = { replace: false }) => {
    const patch = await readFile(new URL(`../fixtures/patch/${patchFile}.patch`, import.meta.url), 'utf8');
    const patchName = `${basename(patchFile)}.patch`;
    const out = join(scratch, `${basename(patchFile)}-${replace}.ko`);
    return operate((ctx) => facade(lab.paths).build({ patch, patchName, target, replace, out }, ctx));
  };
  const loadFile = async (file: string) => {
    const { name: module, content } = await readLivepatchModule(file);
    const { outcome } = await operate((ctx) => loadLivepatch({ guest, module, content }, ctx));
    assert.equal(outcome, 'complete');
    return module;
  };
  return {
    machine,
    build,
    loadFile,
    load: async (patchFile, options) => {
      const result = await build(patchFile, options);
      assert.equal(result.verdict, 'built', JSON.stringify(result.reasons));
      return { module: await loadFile(result.module ?? ''), result };
    },
    unload: async (module) => {
      const { outcome } = await operate((ctx) => disableLivepatch({ guest, module }, ctx));
      assert.equal(outcome, 'complete');
      await operate((ctx) => unloadLivepatch({ guest, module }, ctx));
    },
    says: async (script) => (await guest.script(script, { signal, timeoutMs: 300_000 })).stdout,
    isSound: async (transitions) => {
      const { dmesg: log } = await readKernelLog(guest, canary, signal);
      assert.deepEqual([log.canaryFound, log.problems], [true, []]);
      const seen = log.lines.filter((line) => line.includes('patching complete'));
      assert.ok(seen.length >= transitions, 'the log tells of every transition');
      assert.deepEqual(await readKlpStatus(guest, signal), []);
      assert.doesNotMatch((await guest.script('lsmod', { signal })).stdout, /^livepatch_/m);
    },
    close: async () => {
      await machine.stop();
      await rm(scratch, { recursive: true });
    },
  };
}

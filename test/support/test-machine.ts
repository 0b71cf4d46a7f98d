// Throw-away machines for real-VM tests, each in directories of its own, and the audit that nothing of them is left.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processArgv } from '../../lab/src/core/host-process.ts';
import { labPaths, type LabPaths } from '../../lab/src/core/paths.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { type MachineRequest, startMachine } from '../../lab/src/vm/start-machine.ts';
import { operate } from './operation.ts';
import { testAgent, testKernel, testLabRoot } from './stock-kernel.ts';

export type TestLab = {
  paths: LabPaths;
  /** Removes the directories; fails if a QEMU of this lab still runs. */ close(): Promise<void>;
};

/** State and runtime directories of a lab nobody else uses; the cache is the user's. */
export async function openTestLab(): Promise<TestLab> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-test-'));
  const paths = { cache: labPaths().cache, state: join(directory, 's'), runtime: join(directory, 'r') };
  return {
    paths,
    close: async () => {
      const left = await qemusOf(directory);
      for (const { pid } of left) process.kill(pid, 'SIGKILL');
      await rm(directory, { recursive: true });
      assert.deepEqual(left, [], 'a test left a QEMU behind');
    },
  };
}

/** Processes with a path below `directory` in their arguments. */
export async function qemusOf(directory: string): Promise<{ pid: number; guest: string }[]> {
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  return pids.flatMap((pid) => {
    const argv = processArgv(pid);
    const guest = argv.find((word) => word.startsWith('guest='));
    return guest && argv.some((word) => word.includes(`${directory}/`)) ? [{ pid, guest }] : [];
  });
}

export async function testMachineRequest(paths: LabPaths, name: string): Promise<MachineRequest> {
  const [kernel, labRoot, agent] = await Promise.all([testKernel(), testLabRoot(), testAgent()]);
  const recipes = new URL('../../images/guest', import.meta.url).pathname;
  return {
    paths,
    labRoot,
    recipes,
    name,
    kernel,
    lifetime: 'throw-away',
    accelerator: 'tcg',
    start: 'snapshot',
    agent,
  };
}

/** A booted throw-away machine; the caller stops it. */
export async function startTestMachine(
  paths: LabPaths,
  name: string,
  change: Partial<MachineRequest> = {},
): Promise<RunningMachine> {
  const request = { ...(await testMachineRequest(paths, name)), ...change };
  return operate((ctx) => startMachine(request, ctx));
}

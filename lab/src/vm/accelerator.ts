// Which accelerator really works: proven by booting a guest, because /dev/kvm may be there and QEMU may even start with
// it, and still the guest dies or hangs in early boot (FACTS 4). The answer is kept per host, QEMU and kernel.

import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { contentKey } from '../core/artefact.ts';
import { isLabError } from '../core/error.ts';
import { withLock } from '../core/lock.ts';
import { type OpContext, runStage } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { readJson, writeJson } from '../core/store.ts';
import type { BootableKernel } from '../kernel/target.ts';
import { startMachine } from './start-machine.ts';
import { qemuProgram } from './qemu/lab-root.ts';
import { removeInstance } from './remove-instance.ts';
import type { Accelerator } from './qemu/qemu-argv.ts';

/** `reason`: one phrase for doctor. */
export type AcceleratorChoice = { accelerator: Accelerator; reason: string };

export type ProbeRequest = { paths: LabPaths; labRoot: string; recipes: string; kernel: BootableKernel };

/** KVM boots the tiny guest in about a second; who needs longer than this is not better than TCG. */
const probeMs = 12_000;

const choiceSchema = z.object({ accelerator: z.enum(['kvm', 'tcg']), reason: z.string() });

/** The newest answer on disk, for doctor; undefined when nothing was ever probed. */
export async function knownAccelerator(paths: LabPaths): Promise<AcceleratorChoice | undefined> {
  const names = await readdir(room(paths)).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(room(paths), name))).mtimeMs })),
  );
  const newest = files.sort((a, b) => b.at - a.at)[0];
  return newest && readChoice(join(room(paths), newest.name));
}

/** The accelerator to use, probed the first time on this host with this QEMU and kernel. */
export function chooseAccelerator(request: ProbeRequest, ctx: OpContext): Promise<AcceleratorChoice> {
  return runStage(ctx, { id: 'accelerator', title: 'Accelerator' }, async (stage) => {
    const path = join(room(request.paths), `${contentKey(await probeInputs(request))}.json`);
    const choice = await withLock(path, { signal: stage.signal, waitMs: 2 * probeMs }, async () => {
      const known = await readChoice(path);
      if (known) {
        stage.cached();
        return known;
      }
      stage.waiting('a guest to boot with KVM');
      const probed = await probe(request, stage);
      await writeJson(path, probed);
      // Once is enough: it may be long, and each machine says what it runs with.
      stage.note(`${probed.accelerator}: ${probed.reason}`);
      return probed;
    });
    return choice;
  });
}

async function probe(request: ProbeRequest, ctx: OpContext): Promise<AcceleratorChoice> {
  const device = '/dev/kvm';
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { accelerator: 'tcg', reason: missing ? `no ${device}` : `${device} may not be opened by this user` };
  }
  const name = `probe-${randomBytes(4).toString('hex')}`;
  const start = {
    ...request,
    name,
    lifetime: 'throw-away',
    accelerator: 'kvm',
    start: 'cold',
    bootTimeoutMs: probeMs,
  } as const;
  // Its stages are no news: that one of them fails is the answer of the probe, not a failure of the operation.
  const quiet: OpContext = { signal: ctx.signal, stage: ctx.stage, emit: () => undefined };
  try {
    const machine = await startMachine(start, quiet);
    await machine.stop();
    return { accelerator: 'kvm', reason: 'a guest booted with it' };
  } catch (error) {
    // Only what the attempt itself says about KVM is an answer; a cancelled or broken probe is none.
    if (!isLabError(error) || !['qemu.exited', 'vm.dead', 'vm.boot-timeout'].includes(error.code)) throw error;
    return {
      accelerator: 'tcg',
      reason: `${device} is there, but no guest boots with it: ${error.message.replace(` of ${name}`, '')}`,
    };
  } finally {
    await removeInstance(request.paths, name);
  }
}

/** What the answer depends on. */
async function probeInputs({ labRoot, kernel, paths }: ProbeRequest): Promise<unknown> {
  const program = paths.qemu ?? join(labRoot, qemuProgram);
  // One that is not there is told about when it is to be used (choose-qemu.ts).
  const qemu = await stat(program).catch(() => undefined);
  const cpu = /^model name\s*:\s*(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  const modules = await kvmModules();
  const access = ['/dev/kvm', process.getuid?.() ?? 0];
  return {
    format: 2,
    host: release(),
    cpu,
    modules,
    access,
    qemu: [program, qemu?.size, qemu?.mtimeMs],
    // A tree of one's own is another kernel after each build, whatever its release says.
    kernel: kernel.artefact,
  };
}

/** Whether and as what kvm is loaded, and of which sources (/sys/module/NAME/srcversion; one that is built in has none). */
async function kvmModules(): Promise<string[]> {
  const modules = ['kvm', 'kvm_intel', 'kvm_amd'].map(async (name) => {
    const directory = join('/sys/module', name);
    if (!(await stat(directory).catch(() => undefined))) return [];
    return [`${name} ${await readFile(join(directory, 'srcversion'), 'utf8').catch(() => 'built in')}`.trim()];
  });
  return (await Promise.all(modules)).flat();
}

async function readChoice(path: string): Promise<AcceleratorChoice | undefined> {
  return readJson(path, choiceSchema);
}

const room = (paths: LabPaths) => join(paths.cache, 'accelerators');

// Starts a machine and waits until it answers over ssh: from a snapshot of its like, or by booting its kernel.

import { join } from 'node:path';
import { endWithUs } from '../core/end-with-us.ts';
import { type OpContext, runStage, runTogether } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { BootableKernel } from '../kernel/target.ts';
import { ensureBootSnapshot } from './boot-snapshot.ts';
import { chooseQemu } from './qemu/choose-qemu.ts';
import { requireRoom } from './admission/admission.ts';
import { consoleStart } from './console/console-segments.ts';
import { checkForwards, type Forward } from './qemu/forwards.ts';
import { ensureBootImage } from './image/boot-image.ts';
import type { GuestProfile } from './image/guest-profile.ts';
import { instanceFiles } from './instance/instance-files.ts';
import type { InstanceConfig } from './instance/instance-record.ts';
import { machineOf, type RunningMachine } from './machine.ts';
import { liveGuests, readHost } from './admission/live-guests.ts';
import { ensureModulesDisk } from './image/modules-disk.ts';
import type { GuestFile } from './image/parcel.ts';
import { type Accelerator, baseCommandLine, type Network } from './qemu/qemu-argv.ts';
import { waitForBoot, waitForGuest } from './readiness.ts';
import { startInstance } from './start-instance.ts';
import { stopInstance } from './stop-instance.ts';
import { ensureTinyInitramfs } from './image/tiny-initramfs.ts';

export type MachineRequest = {
  paths: LabPaths;
  /** Extracted root with QEMU, busybox and dropbear. */
  labRoot: string;
  /** `images/guest` of the repository. */
  recipes: string;
  name: string;
  kernel: BootableKernel;
  lifetime: 'kept' | 'throw-away';
  accelerator: Accelerator;
  /** Backing file of the root disk that the machine has from its last run and goes on with; it then boots for real. */
  keptDisk?: string;
  /** From a snapshot, made when there is none yet, or by booting the kernel for real. */
  start: 'snapshot' | 'cold';
  /** Ports of the host on 127.0.0.1 that lead into the guest; checked before anything else is done. */
  forwards?: readonly Forward[];
  /** Default `closed`. */
  network?: Network;
  /** Static guest agent, at /bin/lpl-agent. */
  agent?: Uint8Array;
  /** Files of this machine alone, at /lpl/NAME in the guest. */
  extraFiles?: readonly GuestFile[];
  /** What runs around the kernel, made ready (guest-profile.ts); default: the tiny guest. */
  profile?: GuestProfile;
  /** Default 2 CPUs, and the memory of the profile. */
  cpus?: number;
  /** As QemuMachine has it; default false. */
  cpusInTurns?: boolean;
  memoryMiB?: number;
  /** More kernel parameters, such as nokaslr. */
  kernelParameters?: readonly string[];
  /** Time from the start of QEMU to ssh; default 90 s. */
  bootTimeoutMs?: number;
};

const defaultBootTimeoutMs = 90_000;
const tiny: GuestProfile = { name: 'tiny', memoryMiB: 512 };

/**
 * Starts a machine and waits until it answers over ssh. After a failure no QEMU of it is left, but its directory stays
 * for the console log. Rejects as startInstance and waitForGuest do.
 */
export async function startMachine(request: MachineRequest, ctx: OpContext): Promise<RunningMachine> {
  const files = instanceFiles(request.paths, request.name);
  const { kernel, paths } = request;
  await checkForwards(request.forwards ?? []);
  requireRoom({ name: files.name, ...sizeOf(request) }, liveGuests(), await readHost());
  const bootTimeoutMs = request.bootTimeoutMs ?? defaultBootTimeoutMs;
  const shape = await configOf(request, ctx);
  // A snapshot's memory knows another disk.
  const start = request.keptDisk ? 'cold' : request.start;
  const begin =
    start === 'snapshot'
      ? await runStage(ctx, { id: 'snapshot', title: `Snapshot of a booted ${kernel.release}` }, (stage) =>
          ensureBootSnapshot({ paths, shape, bootTimeoutMs }, stage),
        )
      : { ram: { kind: 'own' } as const, boot: bootOf(shape.boot, request.keptDisk) };
  const verb = start === 'snapshot' ? 'Restore' : 'Boot';
  return runStage(ctx, { id: 'boot', title: `${verb} ${request.name} (${kernel.release})` }, async (stage) => {
    const identity = { guestFiles: request.extraFiles ?? [], keepsDisk: request.keptDisk !== undefined };
    const { boot, ...from } = begin;
    const run = await startInstance({ files, config: { ...shape, boot }, identity, ...from }, stage);
    return endWithUs(run.process, async () => {
      try {
        const wait = { files, run, consoleFrom: consoleStart, timeoutMs: bootTimeoutMs };
        const guest = await (start === 'snapshot' ? waitForGuest : waitForBoot)(wait, stage);
        ctx.emit({ type: 'vm.state', vm: files.name, state: 'running' });
        stage.note(`ssh on 127.0.0.1:${run.ports.ssh}, ${shape.accelerator}`);
        return await machineOf(files, run, guest);
      } catch (error) {
        await stopInstance(files);
        throw error;
      }
    });
  });
}

async function configOf(
  request: MachineRequest,
  ctx: OpContext,
): Promise<Omit<InstanceConfig, 'owner' | 'name' | 'start'>> {
  const { kernel, labRoot, lifetime, accelerator, profile = tiny } = request;
  const { rootDisk } = profile;
  const images = join(request.paths.cache, 'images');
  const qemu = await chooseQemu({ wished: request.paths.qemu, labRoot }, ctx);
  const [kernelImage, initramfs, modulesDisk] = await runTogether(ctx, [
    (inner) =>
      runStage(inner, { id: 'boot-image', title: `Boot image of ${kernel.release}` }, (stage) =>
        ensureBootImage(request, images, stage),
      ),
    (inner) =>
      runStage(inner, { id: 'guest-image', title: `Guest image for ${kernel.release}` }, (stage) =>
        ensureTinyInitramfs(request, images, stage),
      ),
    (inner) => ensureModulesDisk(request, images, inner),
  ]);
  return {
    target: kernel.name,
    release: kernel.release,
    ...(kernel.vmlinux ? { vmlinux: kernel.vmlinux } : {}),
    accelerator,
    ...(request.cpusInTurns && accelerator === 'tcg' ? { cpusInTurns: true } : {}),
    lifetime,
    forwards: [...(request.forwards ?? [])],
    network: request.network ?? 'closed',
    profile: profile.name,
    ...sizeOf(request),
    commandLine: [...baseCommandLine, ...rootParameters(profile), ...(request.kernelParameters ?? [])],
    boot: {
      labRoot,
      ...(qemu ? { qemu } : {}),
      kernel: kernelImage,
      initramfs,
      modulesDisk,
      ...(rootDisk ? { rootDisk } : {}),
    },
  };
}

/** The initramfs has two ways to begin: its own init, and images/guest/enter-root for a root disk. */
function rootParameters({ rootDisk }: GuestProfile): string[] {
  return rootDisk ? ['rdinit=/enter-root'] : [];
}

function sizeOf({ cpus, memoryMiB, profile = tiny }: MachineRequest): { cpus: number; memoryMiB: number } {
  return { cpus: cpus ?? 2, memoryMiB: memoryMiB ?? profile.memoryMiB };
}

function bootOf(boot: InstanceConfig['boot'], keptDisk: string | undefined): InstanceConfig['boot'] {
  return keptDisk ? { ...boot, rootDisk: keptDisk } : boot;
}

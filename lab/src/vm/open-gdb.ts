// All that a debugger needs to look into a machine: the stub, and symbols where the target has them.

import type { Argv } from '../core/command.ts';
import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { buildIdIn, readBuildId } from '../kernel/build-id.ts';
import { gdbArgv, openGdbStub } from './gdb-stub.ts';
import { askGuest } from './ask-guest.ts';
import { runningInstance } from './running-instance.ts';

/** `note`: why there are no symbols, or not at the right place. */
export type GdbSession = { argv: Argv; socket: string; vmlinux?: string; note?: string };

/** Where x86-64 links the kernel (arch/x86/include/asm/page_64_types.h: __START_KERNEL with the default PHYSICAL_START). */
const linkedAt = 0xffff_ffff_8100_0000n;
const answerMs = 3_000;

/** Opens the stub of a running machine. Rejects with `vm.unknown`, `vm.not-running`, or as openGdbStub does. */
export async function openGdb(paths: LabPaths, name: string, ctx: OpContext): Promise<GdbSession> {
  const { files, config } = await runningInstance(paths, name, ctx.signal);
  await openGdbStub(files, ctx.signal);
  const socket = files.gdb;
  const without = (note: string): GdbSession => ({ argv: gdbArgv({ socket }), socket, note });
  const { vmlinux } = config;
  if (!vmlinux) return without(`${config.target} comes without a vmlinux, so there are addresses but no names`);
  const running = await askKernel(paths, name, ctx);
  if (!running)
    return without(`the guest does not answer, so nobody knows where KASLR put it; symbols are in ${vmlinux}`);
  const { offset, buildId } = running;
  if (!buildId || buildId !== (await readBuildId(vmlinux)))
    return without(`${vmlinux} is not the build that runs (any more); \`lpl vm down ${name}\` and up take the new one`);
  return { argv: gdbArgv({ socket, vmlinux: { path: vmlinux, offset } }), socket, vmlinux };
}

/** What the running kernel says of itself; undefined when the guest does not answer. */
type RunningKernel = {
  /** How far it is from where it was linked. */
  offset: string;
  buildId: string | undefined;
};

function askKernel(paths: LabPaths, name: string, ctx: OpContext): Promise<RunningKernel | undefined> {
  return askGuest({ paths, name, patienceMs: answerMs }, ctx, async (guest, signal) => {
    const { stdout } = await guest.exec(['grep', '-m1', ' _text$', '/proc/kallsyms'], { signal });
    const notes = await guest.exec(['od', '-An', '-v', '-tx1', '/sys/kernel/notes'], { signal });
    return {
      offset: `0x${(BigInt(`0x${stdout.split(' ')[0]}`) - linkedAt).toString(16)}`,
      buildId: buildIdIn(Buffer.from(notes.stdout.replace(/\s+/g, ''), 'hex')),
    };
  });
}

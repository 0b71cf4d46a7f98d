// Waits until a booting machine answers over ssh, and tells why when it cannot: it panicked, QEMU ended, or time is up.
// ssh is tried only after the guest's marker on the console: slirp resends a SYN that came too early after a second.

import { isLabError, LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { followConsole, lastConsoleLines } from './console.ts';
import { classifyConsoleLine } from './console-problem.ts';
import type { Guest } from './guest.ts';
import type { InstanceFiles } from './instance-files.ts';
import type { InstanceRun } from './instance-record.ts';
import { lastQemuLines } from './qemu-process.ts';
import type { SshTarget } from './ssh.ts';
import { connectGuest } from './ssh-guest.ts';
import { untilDead } from './watch-machine.ts';

/** Printed by images/guest/rc when dropbear listens. */
const marker = 'lpl-guest: ready';

export type BootWait = {
  files: InstanceFiles;
  run: InstanceRun;
  ssh: SshTarget;
  consoleFrom: number;
  timeoutMs: number;
};

/** The guest, over a new connection. Rejects with `vm.dead` (panic, QEMU ended) or `vm.boot-timeout`. */
export async function waitForGuest(boot: BootWait, ctx: StageContext): Promise<Guest> {
  const { files, timeoutMs } = boot;
  const over = new AbortController();
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([ctx.signal, over.signal, deadline]);
  let isDead = false;
  const death = untilDead(files, boot.run, signal).then(
    () => void (isDead = true),
    () => undefined,
  );
  try {
    ctx.waiting(`the kernel and init of ${files.name}`);
    await consoleMarker(boot, signal, () => isDead);
    ctx.waiting(`ssh on 127.0.0.1:${boot.run.ports.ssh}`);
    return await connectGuest(boot.ssh, signal);
  } catch (error) {
    if (ctx.signal.aborted) throw error;
    const lines = await lastConsoleLines(files.consoleLog, 20);
    const details = { console: lines, consoleLog: files.consoleLog };
    if (deadline.aborted)
      throw new LabError(
        'vm.boot-timeout',
        `${files.name}: no ssh after ${timeoutMs / 1000} s; last on the console: ${lines.at(-1)}`,
        {
          hint: `read ${files.consoleLog}`,
          details,
        },
      );
    if (isLabError(error)) throw new LabError(error.code, error.message, { ...hintOf(error), details, cause: error });
    throw error;
  } finally {
    over.abort();
    await death;
  }
}

async function consoleMarker(
  { files, consoleFrom }: BootWait,
  signal: AbortSignal,
  isOver: () => boolean,
): Promise<void> {
  const outcome = await followConsole(files.consoleLog, { signal, from: consoleFrom, isOver }, (line) => {
    if (line.includes(marker)) return { panic: undefined };
    const problem = classifyConsoleLine(line);
    return problem?.kind === 'panic' ? { panic: problem.text } : undefined;
  });
  if (!outcome) {
    const words = (await lastQemuLines(files)).at(-1);
    throw new LabError('vm.dead', `QEMU of ${files.name} ended before the guest was up${words ? `: ${words}` : ''}`, {
      hint: `read ${files.consoleLog} and ${files.qemuLog}`,
    });
  }
  if (outcome.panic)
    throw new LabError('vm.dead', `the guest ${files.name} panicked: ${outcome.panic}`, {
      hint: `read ${files.consoleLog}`,
    });
}

function hintOf(error: LabError): { hint?: string } {
  return error.hint ? { hint: error.hint } : {};
}

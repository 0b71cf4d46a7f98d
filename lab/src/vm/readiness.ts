// Waits until a machine answers over ssh, and tells why when it cannot: it panicked, QEMU ended, or time is up. The guest
// says on its console how far it is; ssh is tried only then, for slirp resends a SYN that came too early after a second.

import { isLabError, LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { followConsole, lastConsoleLines } from './console/console.ts';
import type { ConsoleMark } from './console/console-segments.ts';
import { classifyConsoleLine } from './console/console-problem.ts';
import type { Guest } from './guest/guest.ts';
import type { InstanceFiles } from './instance/instance-files.ts';
import type { InstanceRun } from './instance/instance-record.ts';
import { lastQemuLines } from './qemu/qemu-process.ts';
import { deliverParcel } from './image/parcel.ts';
import { connectGuest } from './guest/ssh-guest.ts';
import { readSshKeys } from './guest/ssh-keys.ts';
import { untilDead } from './until-dead.ts';

/** Printed by images/guest/rc: when it waits for its parcel, and when dropbear listens. */
export const markers = { waiting: 'lpl-guest: waiting', ready: 'lpl-guest: ready' };

/** A restored guest is there in half a second: every look counts. */
const intervalMs = 5;

export type BootWait = {
  files: InstanceFiles;
  run: InstanceRun;
  /** Where in the console log this boot begins. */
  consoleFrom: ConsoleMark;
  timeoutMs: number;
};

/** Waits until a booting guest has everything but an identity. Rejects as waitForGuest does. */
export function waitForParcelWish(boot: BootWait, ctx: StageContext): Promise<void> {
  return whileAlive(boot, ctx, async (signal, isOver) => {
    ctx.waiting(`the kernel and init of ${boot.files.name}`);
    await consoleMarker(boot, markers.waiting, signal, isOver);
  });
}

/** Gives a booting guest its identity when it asks, and waits for ssh. Rejects as waitForGuest does. */
export async function waitForBoot(boot: BootWait, ctx: StageContext): Promise<Guest> {
  const started = performance.now();
  await waitForParcelWish(boot, ctx);
  await deliverParcel(boot.files.parcel);
  return waitForGuest({ ...boot, timeoutMs: boot.timeoutMs - (performance.now() - started) }, ctx);
}

/** The guest, over a new connection, once it has its identity. Rejects with `vm.dead` (panic, QEMU ended) or `vm.boot-timeout`. */
export async function waitForGuest(boot: BootWait, ctx: StageContext): Promise<Guest> {
  const started = performance.now();
  await whileAlive(boot, ctx, async (signal, isOver) => {
    ctx.waiting(`init of ${boot.files.name}`);
    await consoleMarker(boot, markers.ready, signal, isOver);
  });
  return waitForSsh({ ...boot, timeoutMs: boot.timeoutMs - (performance.now() - started) }, ctx);
}

/** The guest, over a new connection, of a machine whose ssh server listens already. Rejects as waitForGuest does. */
export async function waitForSsh(boot: BootWait, ctx: StageContext): Promise<Guest> {
  const { files, run } = boot;
  const ssh = { name: files.name, port: run.ports.ssh, ...(await readSshKeys(files)) };
  return whileAlive(boot, ctx, (signal) => {
    ctx.waiting(`ssh on 127.0.0.1:${run.ports.ssh}`);
    return connectGuest(ssh, signal);
  });
}

/** Runs `body` until it settles, the deadline passes, or QEMU ends, and explains the failure from the console. */
async function whileAlive<T>(
  boot: BootWait,
  ctx: StageContext,
  body: (signal: AbortSignal, isOver: () => boolean) => Promise<T>,
): Promise<T> {
  const { files, timeoutMs } = boot;
  const over = new AbortController();
  const deadline = AbortSignal.timeout(Math.max(0, Math.round(timeoutMs)));
  const signal = AbortSignal.any([ctx.signal, over.signal, deadline]);
  let isDead = false;
  const death = untilDead(files, boot.run, signal).then(
    () => void (isDead = true),
    () => undefined,
  );
  try {
    return await body(signal, () => isDead);
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
  marker: string,
  signal: AbortSignal,
  isOver: () => boolean,
): Promise<void> {
  const outcome = await followConsole(files.consoleLog, { signal, from: consoleFrom, isOver, intervalMs }, (line) => {
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

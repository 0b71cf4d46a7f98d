// The kernel log of a run: a canary is written first, so that a log that overflowed or was cleared is noticed.

import { randomBytes } from 'node:crypto';
import type { Guest } from '../vm/guest/guest.ts';
import { classifyConsoleLine } from '../vm/console/console-problem.ts';
import type { Evidence } from './evidence.ts';

export const canaryMark = 'lpl-canary-';

/** Writes the canary and returns it. */
export async function writeCanary(guest: Guest, signal: AbortSignal): Promise<string> {
  const canary = newCanary();
  await guest.script(say(canary), { signal });
  return canary;
}

const newCanary = () => `${canaryMark}${randomBytes(6).toString('hex')}`;
const say = (canary: string) => `echo '<5>${canary}' > /dev/kmsg`;

/** Reads the log, keeps what came after the canary, and writes another one behind it. */
export async function readKernelLog(
  guest: Guest,
  canary: string,
  signal: AbortSignal,
): Promise<{ dmesg: NonNullable<Evidence['dmesg']>; next: string }> {
  const next = newCanary();
  const { stdout } = await guest.script(`dmesg\n${say(next)}`, { signal });
  return { dmesg: sliceKernelLog(stdout, canary), next };
}

/** Pure. Without the canary everything counts: better too many lines than a complaint missed. */
export function sliceKernelLog(log: string, canary: string): NonNullable<Evidence['dmesg']> {
  const all = log.split('\n').filter(Boolean);
  const at = all.findIndex((line) => line.includes(canary));
  const lines = all.slice(at + 1);
  return { canaryFound: at >= 0, lines, problems: lines.filter((line) => classifyConsoleLine(line) !== undefined) };
}

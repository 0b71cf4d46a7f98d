// Shows the behaviour that a patch is about, with the scenario's own program.

import { readFile } from 'node:fs/promises';
import type { OpContext, StageContext } from '../core/operation.ts';
import type { Guest } from '../vm/guest.ts';
import type { ReproducerEvidence } from './evidence.ts';

/** Puts a reproducer (a host path of a static binary) into the guest and returns its path there. */
export async function uploadReproducer(guest: Guest, binary: string, index: number, ctx: OpContext): Promise<string> {
  const path = `/tmp/reproducer-${index}`;
  await guest.upload(await readFile(binary), path, 0o755, { signal: ctx.signal });
  return path;
}

/** Runs it in the guest; its exit code is the answer. */
export async function reproduce(
  guest: Guest,
  path: string,
  when: ReproducerEvidence['when'],
  ctx: StageContext,
): Promise<ReproducerEvidence> {
  const { stdout, stderr, exitCode } = await guest.exec([path], { signal: ctx.signal, timeoutMs: 30_000 });
  const output = stdout + stderr;
  ctx.note(output.trim().split('\n').at(-1) ?? '');
  return { when, exitCode, output };
}

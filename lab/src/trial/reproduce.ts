// Shows the behaviour that a patch is about, with the scenario's own program.

import { readFile } from 'node:fs/promises';
import type { StageContext } from '../core/operation.ts';
import type { Guest } from '../vm/guest.ts';
import type { ReproducerEvidence } from './evidence.ts';

/** Runs the reproducer (a host path of a static binary) in the guest; its exit code is the answer. */
export async function reproduce(
  guest: Guest,
  binary: string,
  when: ReproducerEvidence['when'],
  ctx: StageContext,
): Promise<ReproducerEvidence> {
  const path = `/tmp/reproducer-${when}`;
  await guest.upload(await readFile(binary), path, 0o755, { signal: ctx.signal });
  const { stdout, stderr, exitCode } = await guest.exec([path], { signal: ctx.signal, timeoutMs: 30_000 });
  const output = stdout + stderr;
  ctx.note(output.trim().split('\n').at(-1) ?? '');
  return { when, exitCode, output };
}

// Shows the behaviour that a patch is about, with the scenario's own program.

import { readFile } from 'node:fs/promises';
import type { StageContext } from '../core/operation.ts';
import type { Guest } from '../vm/guest/guest.ts';
import type { GuestFile } from '../vm/image/parcel.ts';
import type { ReproducerEvidence } from './evidence.ts';
import { lastLine } from './last-line.ts';
import type { Scenario, ScenarioPatch } from './scenario.ts';

/** The reproducers of a scenario as files of its machine. `compile` turns a source file into a static binary's path. */
export async function reproducerFiles(
  scenario: Scenario,
  compile: (sourceFile: string) => Promise<string>,
): Promise<GuestFile[]> {
  const files: GuestFile[] = [];
  for (const { name, reproducer } of scenario.patches)
    if (reproducer) files.push({ name, mode: 0o755, content: await readFile(await compile(reproducer)) });
  return files;
}

/** Runs the patch's reproducer in the guest; its exit code is the answer. */
export async function reproduce(
  guest: Guest,
  patch: ScenarioPatch,
  when: ReproducerEvidence['when'],
  ctx: StageContext,
): Promise<ReproducerEvidence> {
  const { stdout, stderr, exitCode } = await guest.exec([`/lpl/${patch.name}`], {
    signal: ctx.signal,
    timeoutMs: 30_000,
  });
  const output = stdout + stderr;
  ctx.note(lastLine(output));
  return { when, exitCode, output };
}

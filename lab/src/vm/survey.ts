// Reads from a booted guest what only the running kernel knows: addresses of all its symbols, and which of its functions
// can be traced and so livepatched. Without KASLR, so that addresses are those of the image.

import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import type { BootableKernel, KernelFacts } from '../kernel/target.ts';
import type { Guest } from './guest/guest.ts';
import { startMachine } from './start-machine.ts';
import { removeInstance } from './remove-instance.ts';

export type SurveyRequest = {
  paths: LabPaths;
  labRoot: string;
  recipes: string;
  kernel: BootableKernel;
  /** Where the fact files go: `kallsyms`, `patchable-functions`. */
  directory: string;
};

/** Boots a throw-away machine (always TCG: it decides nothing about accelerators), reads, and ends it. */
export async function surveyKernel(request: SurveyRequest, ctx: OpContext): Promise<KernelFacts> {
  const name = `survey-${randomBytes(3).toString('hex')}`;
  const start = {
    ...request,
    name,
    lifetime: 'throw-away',
    accelerator: 'tcg',
    start: 'cold',
    kernelParameters: ['nokaslr'],
  } as const;
  const machine = await startMachine(start, ctx);
  try {
    const facts = {
      kallsyms: join(request.directory, 'kallsyms'),
      patchableFunctions: join(request.directory, 'patchable-functions'),
    };
    await writeFile(facts.kallsyms, await readVmlinuxLines(machine.guest, '/proc/kallsyms', ctx));
    await writeFile(
      facts.patchableFunctions,
      await readVmlinuxLines(machine.guest, '/sys/kernel/tracing/available_filter_functions', ctx),
    );
    return facts;
  } finally {
    await machine.stop();
    await removeInstance(request.paths, name);
  }
}

/** Lines of loaded modules end in ` [module]` and are left out. */
async function readVmlinuxLines(guest: Guest, path: string, ctx: OpContext): Promise<string> {
  const { stdout } = await guest.exec(['grep', '-v', '\\]$', path], { signal: ctx.signal, timeoutMs: 60_000 });
  return stdout;
}

// What exactly was tried: enough to know later whether it was the same.

import type { Evidence } from '../evidence.ts';
import { htmlTable } from './html-table.ts';
import { escape } from './svg.ts';

export function provenance({ release, target, kernelSha256, compiler, tool, machine, patches, run }: Evidence): string {
  const rows: [string, string][] = [
    ['kernel', `${release} (${target})`],
    ...(kernelSha256 ? ([['kernel image, sha256', kernelSha256]] as [string, string][]) : []),
    ...patches.flatMap(({ build, moduleSha256 }): [string, string][] =>
      moduleSha256 ? [[`${build.moduleName}.ko, sha256`, moduleSha256]] : [],
    ),
    ['compiler', compiler],
    ['machine', `QEMU ${machine.accelerator}, ${machine.cpus} CPUs, ${machine.memoryMiB} MiB`],
    ['tool', tool],
    ...(run ? ([['began', new Date(run.startedAt).toISOString()]] as [string, string][]) : []),
  ];
  const cells = rows.map(([what, value]) => [escape(what), `<code>${escape(value)}</code>`]);
  return `<h2>What exactly was tried</h2>${htmlTable('provenance', ['what', 'which'], cells)}`;
}

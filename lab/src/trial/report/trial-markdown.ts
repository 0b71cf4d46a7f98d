// A trial as Markdown, for a pull request or the summary of a CI job: verdict and why, the figures, the rest folded away.

import type { Evidence, PatchEvidence } from '../evidence.ts';
import { figureLines } from '../figure-lines.ts';
import type { Verdict } from '../verdict.ts';
import { markdown } from './escape-text.ts';

const signs = { pass: '✅', fail: '❌', refused: '⛔', inconclusive: '❓' } as const;
/** Beyond that a reader goes to the report. */
const shownReasons = 10;

export function trialMarkdown(evidence: Evidence, { verdict, reasons, checks, expected }: Verdict): string {
  const { scenario, release, machine, compiler, tool } = evidence;
  const why =
    verdict === 'pass' && !expected ? [`all ${checks.length} checks passed, each on positive evidence`] : reasons;
  const where = `${release} · ${machine.cpus} CPUs, ${machine.memoryMiB} MiB, ${machine.accelerator} · ${compiler} · ${tool}`;
  const asExpected = expected ? ` (expected ${markdown(expected.what)})` : '';
  return [
    `## ${signs[verdict]} ${markdown(scenario)}: ${verdict}${asExpected}`,
    list(why.slice(0, shownReasons)),
    ...(evidence.run ? [list(figureLines(evidence))] : []),
    markdown(where),
    ...folded('What was patched', evidence.patches.map(patchRow), ['patch', 'functions', 'module']),
    ...folded(
      `All ${checks.length} checks`,
      checks.map(({ title, ok, figure }) => [ok === undefined ? '❓' : ok ? '✅' : '❌', title, figure]),
      ['', 'check', 'evidence'],
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

const list = (lines: readonly string[]) => lines.map((line) => `- ${markdown(line)}`).join('\n');

const patchRow = ({ title, build, moduleSha256 }: PatchEvidence) => [
  title,
  build.functions.map(({ name }) => name).join(', '),
  moduleSha256 ? `${build.moduleName}, sha256 ${moduleSha256.slice(0, 12)}` : build.moduleName,
];

function folded(summary: string, rows: readonly (readonly string[])[], head: readonly string[]): string[] {
  if (rows.length === 0) return [];
  const table = [head, head.map(() => '---'), ...rows.map((row) => row.map(markdown))];
  const text = table.map((row) => `| ${row.join(' | ')} |`).join('\n');
  return [`<details><summary>${summary}</summary>\n\n${text}\n\n</details>`];
}

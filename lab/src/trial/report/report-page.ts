// The report: one self-contained HTML file, no scripts, no network. Verdict and why first, then the picture.

import type { ConsoleTrouble, Evidence } from '../evidence.ts';
import { ms, requestFigures, seconds, stallFigures } from '../figures.ts';
import type { Verdict } from '../verdict.ts';
import { htmlTable } from './html-table.ts';
import { peakAnswersPerSecond } from './lanes.ts';
import { patchSection } from './patch-section.ts';
import { provenance } from './provenance.ts';
import { style } from './style.ts';
import { escape } from './svg.ts';
import { timelineSvg } from './timeline.ts';
import { workloadSection } from './workload-section.ts';

export function reportPage(evidence: Evidence, verdict: Verdict): string {
  const title = `${verdict.verdict}: ${evidence.scenario}`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escape(title)}</title><style>${style}</style></head><body><main>
<h1>${escape(evidence.scenario)}</h1>
<p class="soft">${escape(`${evidence.release} · ${evidence.machine.cpus} CPUs, ${evidence.machine.memoryMiB} MiB · QEMU ${evidence.machine.accelerator} · ${evidence.tool}`)}</p>
${verdictBox(verdict)}${figureBoxes(evidence)}${pictures(evidence)}${checksTable(verdict)}${workloadSection(evidence)}
<h2>What was patched</h2>${evidence.patches.map(patchSection).join('')}
${troubles(evidence)}${kernelLog(evidence)}${provenance(evidence)}${rawData(evidence, verdict)}</main></body></html>\n`;
}

function verdictBox({ verdict, reasons, checks, expected }: Verdict): string {
  const isPlainPass = verdict === 'pass' && !expected;
  const shown = isPlainPass ? [`all ${checks.length} checks passed, each on positive evidence`] : reasons;
  const wanted = expected
    ? `<p>expected ${escape(expected.what)}; the machine's own verdict: ${expected.found}</p>`
    : '';
  return `<section class="verdict ${verdict}" aria-label="verdict"><b>${verdict}</b><div>${wanted}<ul>${shown.map((reason) => `<li>${escape(reason)}</li>`).join('')}</ul></div></section>`;
}

function figureBoxes({ run, control, patches }: Evidence): string {
  if (!run) return '';
  const requests = requestFigures(run);
  const baseline = run.phases.find(({ name }) => name === 'baseline');
  const transitions = patches.flatMap(({ transitions: all }) => all).map(({ fromMs, toMs }) => toMs - fromMs);
  const boxes: [string, string][] = [
    [`${requests.lost} of ${requests.sent}`, 'requests lost while patching'],
    [
      ms(stallFigures(run).longestMs),
      `longest stall (baseline ${ms(baseline ? stallFigures(run, baseline).longestMs : 0)})`,
    ],
    [ms(requests.p99Ms), `p99 latency (median ${ms(requests.p50Ms)})`],
    [transitions.length > 0 ? seconds(Math.max(...transitions)) : '–', 'slowest of the transitions'],
    ...(control
      ? ([[seconds(requestFigures(control).longestSilenceMs), 'downtime of a reboot instead']] as [string, string][])
      : []),
  ];
  return `<section class="figures" aria-label="figures">${boxes.map(([value, what]) => `<div><b>${value}</b><span>${what}</span></div>`).join('')}</section>`;
}

function pictures({ run, control, patches }: Evidence): string {
  if (!run) return '';
  const runs = control ? [run, control] : [run];
  const shared = {
    spanMs: Math.max(...runs.map(({ durationMs }) => durationMs)),
    peakPerSecond: peakAnswersPerSecond(runs),
  };
  const figure = (caption: string, svg: string) => `<figure><figcaption>${caption}</figcaption>${svg}</figure>`;
  return (
    figure(
      'Livepatched while serving',
      timelineSvg(run, { title: 'time line of the livepatch run', patches, ...shared }),
    ) +
    (control
      ? figure(
          'The same machine, rebooted instead',
          timelineSvg(control, { title: 'time line of the reboot', patches: [], ...shared }),
        )
      : '')
  );
}

function checksTable({ checks }: Verdict): string {
  if (checks.length === 0) return '';
  const mark = { true: ['ok', '✔ yes'], false: ['no', '✘ no'], undefined: ['un', '? unknown'] } as const;
  const rows = checks.map(({ title, ok, figure }) => {
    const [css, word] = mark[String(ok) as keyof typeof mark];
    return [escape(title), `<span class="${css}">${word}</span>`, escape(figure)];
  });
  return `<h2>What proves it</h2>${htmlTable('checks', ['check', 'holds', 'evidence'], rows)}`;
}

/** Each trouble with its registers and stack, as the kernel printed it or QEMU knew it. */
function troubles({ run }: Evidence): string {
  const told = run?.consoleProblems.filter(({ report }) => report) ?? [];
  if (told.length === 0) return '';
  const section = ({ kind, atMs, line, report = [] }: ConsoleTrouble) =>
    `<details open><summary>${escape(`${kind} at ${seconds(atMs)}: ${line}`)}</summary><pre>${escape(report.join('\n'))}</pre></details>`;
  return `<h2>What went wrong in the kernel</h2>${told.map(section).join('')}`;
}

function kernelLog({ dmesg }: Evidence): string {
  if (!dmesg) return '';
  return `<h2>Kernel log since the canary</h2><pre>${escape(dmesg.lines.join('\n'))}</pre>`;
}

/** Everything, to download: a data: link needs no script and no network. */
function rawData(evidence: Evidence, verdict: Verdict): string {
  const data = Buffer.from(JSON.stringify({ ...evidence, verdict })).toString('base64');
  return `<h2>Raw data</h2><p><a download="evidence.json" href="data:application/json;base64,${data}">evidence.json</a> <span class="soft">every request, heartbeat and event of this report</span></p>`;
}

// The report of a sweep: one self-contained HTML file, no scripts, no network; the look is that of a trial's report.

import { style } from '../trial/report/style.ts';
import { escape } from '../trial/report/svg.ts';
import { type ItemClass, itemClasses, type ItemResult } from './item-result.ts';
import { share, sweepFigures } from './sweep-figures.ts';

/** What the page says of the sweep as a whole. */
export type SweepTitle = { what: string; target: string; release: string; tool: string; equivalent: string };

const meanings: Record<ItemClass, string> = {
  clean: 'built, loaded, every task patched, exercised, unloaded; the kernel said nothing',
  wrong: 'built, then the kernel refused it, complained or died',
  stalled: 'built; its transition did not complete in a quiet guest and was rolled back',
  unproven: 'built; no guest of this lab has what it patches',
  refused: 'refused by a rule',
  'does-not-compile': 'does not compile alone',
  'no-change': 'changes no machine code here',
  'not-in-config': 'the configuration of the target does not build it',
  unknown: 'could not be found out',
};

export function sweepPage(title: SweepTitle, results: readonly ItemResult[]): string {
  const { counts } = sweepFigures(results);
  const sections = itemClasses.filter((each) => counts[each] > 0).toSorted((a, b) => rank(a) - rank(b));
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escape(`sweep: ${title.what}`)}</title><style>${style}</style></head><body><main>
<h1>${escape(title.what)}</h1>
<p class="soft">${escape(`${title.target} · ${title.release} · ${title.tool}`)}</p>
${verdictBox(results)}${figureBoxes(results)}${rulesTable(results)}
${sections.map((each) => section(each, results)).join('')}
<h2>Again</h2><pre>${escape(title.equivalent)}</pre>${rawData(title, results)}</main></body></html>\n`;
}

/** What needs a look first. */
const order: readonly ItemClass[] = ['wrong', 'unknown', 'stalled', 'refused', 'unproven', 'clean'];
const rank = (each: ItemClass) => (order.includes(each) ? order.indexOf(each) : order.length);

function verdictBox(results: readonly ItemResult[]): string {
  const { counts, candidates } = sweepFigures(results);
  const verdict = counts.wrong > 0 ? 'fail' : counts.unknown > 0 ? 'inconclusive' : 'pass';
  const lines = [
    `${share(counts.clean, candidates)} of what could be a livepatch are built, loaded and unloaded clean`,
    `${counts.wrong} wrong, ${counts.unknown} could not be found out`,
  ];
  return `<section class="verdict ${verdict}" aria-label="verdict"><b>${verdict}</b><ul>${lines.map((line) => `<li>${escape(line)}</li>`).join('')}</ul></section>`;
}

function figureBoxes(results: readonly ItemResult[]): string {
  const { counts } = sweepFigures(results);
  const boxes = itemClasses.filter((each) => counts[each] > 0);
  return `<section class="figures" aria-label="figures">${boxes.map((each) => `<div><b>${counts[each]}</b><span>${escape(`${each}: ${meanings[each]}`)}</span></div>`).join('')}</section>`;
}

function rulesTable(results: readonly ItemResult[]): string {
  const { rules } = sweepFigures(results);
  if (rules.length === 0) return '';
  const example = (rule: string) =>
    results.find((each) => each.class === 'refused' && each.reasons.some((reason) => reason.rule === rule));
  const rows = rules.map(({ rule, count }) => {
    const said = example(rule)?.reasons.find((reason) => reason.rule === rule)?.message ?? '';
    return `<tr><td><code>${escape(rule)}</code></td><td>${count}</td><td>${escape(said)}</td></tr>`;
  });
  return `<h2>Rules that stood against them</h2><table><thead><tr><th>rule</th><th>patches</th><th>for example</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function section(wanted: ItemClass, results: readonly ItemResult[]): string {
  const items = results.filter((result) => result.class === wanted);
  const rows = items.map((result) => `<tr><td><code>${escape(result.name)}</code></td><td>${detail(result)}</td></tr>`);
  const open = wanted === 'wrong' || wanted === 'unknown' || wanted === 'stalled' ? ' open' : '';
  return `<details${open}><summary>${escape(`${wanted} (${items.length}): ${meanings[wanted]}`)}</summary><table><tbody>${rows.join('')}</tbody></table></details>`;
}

function detail({ functions, reasons, defects, stalled }: ItemResult): string {
  const parts = [
    ...reasons.map(({ rule, message }) => `<b>${escape(rule)}</b> ${escape(message)}`),
    ...defects.map(({ step, kind, text, report }) => {
      const lines = report ? `<pre>${escape(report.join('\n'))}</pre>` : '';
      return `<b>${escape(kind)}</b> (${step}) ${escape(text)}${lines}`;
    }),
    ...stalled.map((task) => escape(task)),
  ];
  const code = functions.map((each) => `<code>${escape(each)}</code>`).join(' ');
  return [...parts, ...(code ? [code] : [])].join('<br>');
}

/** Everything, to download: a data: link needs no script and no network. */
function rawData(title: SweepTitle, results: readonly ItemResult[]): string {
  const data = Buffer.from(JSON.stringify({ ...title, results })).toString('base64');
  return `<h2>Raw data</h2><p><a download="sweep.json" href="data:application/json;base64,${data}">sweep.json</a></p>`;
}

// The report of a matrix: one HTML file without scripts, a grid whose cells lead to the trials' own reports beside it.

import { htmlTable } from '../../report/html-table.ts';
import { style } from '../../report/style.ts';
import { escape } from '../../report/svg.ts';
import type { CellResult } from '../cell-result.ts';
import { matrixFiles } from '../matrix-directory.ts';
import type { MatrixResult } from '../matrix-result.ts';
import { cellWords, countWords, gridRows, redCells, releaseOf } from './cell-words.ts';

const gridStyle = `
.grid td a,.grid td span{display:block;border-radius:6px;padding:4px 8px;text-decoration:none;border:1px solid var(--line);border-left:5px solid var(--c,var(--line));color:var(--fg);background:var(--card);white-space:nowrap}
.grid .good{--c:var(--good)}.grid .bad{--c:var(--bad);font-weight:600}.grid .un{--c:var(--warn);font-weight:600}
.grid th,.grid td{vertical-align:middle}.wide{overflow-x:auto}td small{color:var(--soft);font-weight:400}`;

export function matrixPage(matrix: MatrixResult): string {
  const { title, verdict, tool, axes, shard } = matrix;
  const part = shard ? ` · shard ${shard.index} of ${shard.count}` : '';
  const shape = [
    plural(axes.kernels.length, 'kernel'),
    plural(axes.patches.length, 'patch', 'patches'),
    plural(axes.workloads.length, 'workload'),
  ].join(' × ');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escape(`${verdict}: ${title}`)}</title><style>${style}${gridStyle}</style></head><body><main>
<h1>${escape(title)}</h1><p class="soft">${escape(`${shape}${part} · ${tool}`)}</p>
${verdictBox(matrix)}${grid(matrix)}${redList(matrix)}${patchList(matrix)}${rawData(matrix)}</main></body></html>\n`;
}

const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

function verdictBox(matrix: MatrixResult): string {
  const { verdict } = matrix;
  const red = redCells(matrix).map((cell) => `${cell.id}: ${cellWords(cell)}`);
  const shown = [
    countWords(matrix),
    ...red.slice(0, 5),
    ...(red.length > 5 ? [`and ${red.length - 5} more, below`] : []),
  ];
  return `<section class="verdict ${verdict}" aria-label="verdict"><b>${verdict}</b><ul>${shown.map((line) => `<li>${escape(line)}</li>`).join('')}</ul></section>`;
}

function grid(matrix: MatrixResult): string {
  const head = ['kernel', 'patch', ...matrix.axes.workloads.map(({ name }) => name)];
  const rows = gridRows(matrix).map(
    ({ kernel, patch, cells }) =>
      `<tr><th scope="row">${escape(releaseOf(matrix, kernel))}</th><td>${escape(patch)}</td>${cells.map((cell) => `<td>${cell ? cellBox(cell) : ''}</td>`).join('')}</tr>`,
  );
  return `<div class="wide"><table class="grid"><thead><tr>${head.map((name) => `<th scope="col">${escape(name)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function cellBox(cell: CellResult): string {
  const { verdict, asExpected, report, ms, reasons } = cell;
  const css = verdict === 'not-affected' ? '' : asExpected ? 'good' : verdict === 'inconclusive' ? 'un' : 'bad';
  const sign = verdict === 'not-affected' ? '–' : asExpected ? '✔' : verdict === 'inconclusive' ? '?' : '✖';
  const took = ms > 0 ? ` <small>${(ms / 1000).toFixed(0)} s</small>` : '';
  const words = `${sign} ${escape(cellWords(cell))}${took}`;
  const title = escape(reasons[0] ?? '');
  if (!report) return `<span class="${css}" title="${title}">${words}</span>`;
  return `<a class="${css}" title="${title}" href="${escape(linkTo(cell, report))}">${words}</a>`;
}

const linkTo = ({ id }: CellResult, file: string) =>
  `${matrixFiles('.').cell(id)}/${file}`.split('/').map(encodeURIComponent).join('/');

function redList(matrix: MatrixResult): string {
  const items = redCells(matrix).map((cell) => {
    const { id, reasons, diagnostics, report } = cell;
    const hints = diagnostics.map(({ hint }) => hint).filter(Boolean);
    const name = report ? `<a href="${escape(linkTo(cell, report))}">${escape(id)}</a>` : escape(id);
    return `<h3>${name}: ${escape(cellWords(cell))}</h3><ul>${[...reasons, ...hints].map((line) => `<li>${escape(line)}</li>`).join('')}</ul>`;
  });
  return items.length === 0 ? '' : `<h2>What is not as expected</h2>${items.join('')}`;
}

function patchList({ axes }: MatrixResult): string {
  const rows = axes.patches.map(({ name, title, file }) => [
    escape(name),
    escape(title),
    `<code>${escape(file)}</code>`,
  ]);
  return `<h2>Patches</h2>${htmlTable('patches', ['name', 'title', 'file'], rows)}`;
}

function rawData(matrix: MatrixResult): string {
  const data = Buffer.from(JSON.stringify(matrix)).toString('base64');
  return `<h2>Raw data</h2><p><a download="matrix.json" href="data:application/json;base64,${data}">matrix.json</a> <span class="soft">every cell with its reasons and figures</span></p>`;
}

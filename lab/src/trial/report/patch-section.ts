// What the report says of one patch: where it came from, what it changed, how its transitions went, what it was seen to do.

import type { PatchEvidence, TransitionEvidence } from '../evidence.ts';
import { seconds } from '../figures.ts';
import { htmlTable } from './html-table.ts';
import { escape } from './svg.ts';

export function patchSection(patch: PatchEvidence): string {
  const { build, name, title } = patch;
  const from = patch.diff ? `${name}.patch → ${build.moduleName}.ko` : `${build.moduleName}.ko, as it was given`;
  return (
    `<h3>${escape(title)}</h3><p class="soft">${escape(`${from} · engine ${build.engine}${build.choice ? `: ${build.choice}` : ''}`)}</p>` +
    reasons(patch) +
    functions(patch) +
    (patch.rejection ? `<pre>${escape(patch.rejection)}</pre>` : '') +
    transitions(patch) +
    behaviour(patch) +
    (patch.diff ? `<details><summary>the patch</summary><pre>${diffHtml(patch.diff)}</pre></details>` : '')
  );
}

function reasons({ build }: PatchEvidence): string {
  const items = build.reasons.map(
    ({ rule, message, hint }) =>
      `<li><b>${escape(rule)}</b>: ${escape(message)} <span class="soft">${escape(hint)}</span></li>`,
  );
  return items.length > 0 ? `<ul>${items.join('')}</ul>` : '';
}

function functions({ build }: PatchEvidence): string {
  const rows = build.functions.map(({ object, name, kind, file }) => [
    `<code>${escape(name)}</code>`,
    kind,
    escape(object),
    `<code>${escape(file)}</code>`,
  ]);
  return htmlTable('functions of the livepatch', ['function', '', 'object', 'file'], rows);
}

function transitions({ transitions: all }: PatchEvidence): string {
  const rows = all.map((transition) => [
    transition.direction,
    transition.outcome === 'complete' ? 'complete' : `<b class="badword">${transition.outcome}</b>`,
    seconds(transition.toMs - transition.fromMs),
    String(Math.max(0, ...transition.samples.map(({ converged, remaining }) => converged + remaining))),
    mostAfter(transition),
  ]);
  const head = ['transition', 'outcome', 'took', 'tasks', 'nine tenths of them after'];
  return htmlTable('transitions', head, rows) + all.map(stalledTasks).join('');
}

/** When 90 % of the tasks had got there; the rest is the wait for stragglers. */
function mostAfter({ samples, fromMs }: TransitionEvidence): string {
  const there = samples.find(({ converged, remaining }) => converged >= 0.9 * (converged + remaining));
  return there ? seconds(Math.max(0, there.atMs - fromMs)) : '–';
}

function stalledTasks({ stalled, direction }: TransitionEvidence): string {
  if (stalled.length === 0) return '';
  const each = stalled.map(
    ({ pid, comm, state, stack }) =>
      `<pre>${escape(`${comm}[${pid}] ${state}\n${stack.join('\n') || 'in user mode'}`)}</pre>`,
  );
  const tasks = stalled.length === 1 ? 'This task' : `These ${stalled.length} tasks`;
  return `<p><b>${tasks} held the ${direction} back:</b></p>${each.join('')}`;
}

function behaviour({ reproducer }: PatchEvidence): string {
  const wording = { before: 'before', live: 'while live', after: 'after unload' } as const;
  const meaning = (exitCode: number) =>
    exitCode === 1 ? 'old behaviour' : exitCode === 0 ? 'new behaviour' : 'no answer';
  const rows = reproducer.map(({ when, exitCode, output }) => [
    wording[when],
    meaning(exitCode),
    `<code>${escape(output.trim())}</code>`,
  ]);
  return htmlTable('what the reproducer showed', ['reproducer', 'showed', 'and said'], rows);
}

function diffHtml(diff: string): string {
  const css = (row: string) => (/^\+(?!\+\+)/.test(row) ? 'add' : /^-(?!--)/.test(row) ? 'del' : '');
  return diff
    .split('\n')
    .map((row) => (css(row) ? `<span class="${css(row)}">${escape(row)}</span>` : escape(row)))
    .join('\n');
}

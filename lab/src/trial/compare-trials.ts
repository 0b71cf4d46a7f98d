// Two trials side by side: figures, and the checks that came out differently. Pure.

import type { Evidence, Run } from './evidence.ts';
import { ms, requestFigures, stallFigures } from './figures.ts';
import type { Verdict } from './verdict.ts';
import { workloadRates } from './workload-checks.ts';

type Judged = { id: string; evidence: Evidence; verdict: Verdict };

/** `change`: by how much the second is more, of the first; absent when there is nothing to compare. */
export type ComparedFigure = { figure: string; before: string; after: string; change?: number };
export type ComparedCheck = { check: string; before: string; after: string; figure: string };
export type Comparison = { before: string; after: string; figures: ComparedFigure[]; checks: ComparedCheck[] };

type Measured = { value: number; shown: string };

export function compareTrials(before: Judged, after: Judged): Comparison {
  const [first, second] = [measure(before.evidence), measure(after.evidence)];
  const names = [...new Set([...first.keys(), ...second.keys()])];
  const facts = [before, after].map(({ evidence, verdict }) => ({
    verdict: verdict.verdict,
    scenario: evidence.scenario,
    kernel: evidence.release,
    compiler: evidence.compiler,
    accelerator: evidence.machine.accelerator,
    tool: evidence.tool,
  }));
  const told = Object.keys(facts[0] ?? {}) as (keyof (typeof facts)[0])[];
  return {
    before: before.id,
    after: after.id,
    figures: [
      ...told.map((figure) => ({ figure, before: facts[0]?.[figure] ?? '', after: facts[1]?.[figure] ?? '' })),
      ...names.map((figure) => compared(figure, first.get(figure), second.get(figure))),
    ],
    checks: comparedChecks(before.verdict, after.verdict),
  };
}

function compared(figure: string, before: Measured | undefined, after: Measured | undefined): ComparedFigure {
  const change = before && after && before.value !== 0 ? after.value / before.value - 1 : undefined;
  return {
    figure,
    before: before?.shown ?? '–',
    after: after?.shown ?? '–',
    ...(change === undefined ? {} : { change }),
  };
}

/** What can be told of a trial in numbers, by name. */
function measure({ run, patches }: Evidence): Map<string, Measured> {
  const figures = new Map<string, Measured>();
  const time = (name: string, value: number) => void figures.set(name, { value, shown: ms(value) });
  for (const { name, transitions } of patches)
    for (const { direction, fromMs, toMs } of transitions) time(`${name} ${direction}`, toMs - fromMs);
  if (!run) return figures;
  const requests = requestFigures(run);
  figures.set('requests lost', { value: requests.lost, shown: `${requests.lost} of ${requests.sent}` });
  time('latency p50', requests.p50Ms);
  time('latency p99', requests.p99Ms);
  time('latency max', requests.maxMs);
  time('longest silence', requests.longestSilenceMs);
  time('longest stall', stallFigures(run).longestMs);
  for (const { name, value } of workloadSpeeds(run)) figures.set(name, { value, shown: value.toFixed(1) });
  return figures;
}

function workloadSpeeds(run: Run): { name: string; value: number }[] {
  return (run.workloads ?? []).flatMap((record) =>
    workloadRates(record, run.phases)
      .filter(({ name }) => name === 'baseline' || name === 'live')
      .map(({ name, perSecond }) => ({ name: `${record.plan.name} a second (${name})`, value: perSecond })),
  );
}

const word = (ok: boolean | undefined) => (ok === undefined ? 'unknown' : ok ? 'yes' : 'no');

function comparedChecks(before: Verdict, after: Verdict): ComparedCheck[] {
  const titles = [...new Set([...before.checks, ...after.checks].map(({ title }) => title))];
  const of = ({ checks }: Verdict, title: string) => checks.find((check) => check.title === title);
  return titles.flatMap((title) => {
    const [was, is] = [of(before, title), of(after, title)];
    const [old, now] = [was ? word(was.ok) : 'not made', is ? word(is.ok) : 'not made'];
    return old === now ? [] : [{ check: title, before: old, after: now, figure: (is ?? was)?.figure ?? '' }];
  });
}

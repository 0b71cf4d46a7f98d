// What the guest was doing all the time, and how fast in each phase.

import type { Evidence } from '../evidence.ts';
import { workloadRates } from '../workload-checks.ts';
import { htmlTable } from './html-table.ts';
import { escape } from './svg.ts';

export function workloadSection({ run }: Evidence): string {
  const workloads = run?.workloads ?? [];
  if (!run || workloads.length === 0) return '';
  const names = [...new Set(run.phases.map(({ name }) => name))].filter((name) => name !== 'reboot');
  const rows = workloads.map((record) => {
    const rates = workloadRates(record, run.phases);
    const { name, title, mode } = record.plan;
    const speed = names.map((phase) => {
      const rate = rates.find((each) => each.name === phase);
      return rate ? Math.round(rate.perSecond).toLocaleString('en') : '–';
    });
    const what = `<b>${escape(name)}</b> <span class="soft">${escape(title)}</span>`;
    return [what, mode === 'kind' ? 'rounds' : 'ms of CPU', ...speed];
  });
  return `<h2>What the guest was doing</h2>${htmlTable('workloads', ['workload', 'a second', ...names], rows)}`;
}

// Livepatches that do not do what they are for, and work that is not done.

import { join } from 'node:path';
import { planWorkload } from '../../workload/workload-plan.ts';
import type { ScenarioPatch } from '../scenario.ts';
import type { Control } from './control.ts';

const noActs: ScenarioPatch['acts'] = {
  ...{ cycles: 0, tracer: 'none', graph: 'none', kprobe: false, rapid: 0, replace: 0, stack: 0 },
  ...{ reload: false, blocked: false, second: false, signals: false },
};

const patch = (path: string, more: Partial<ScenarioPatch> = {}): ScenarioPatch => ({
  name: 'control',
  title: 'a negative control',
  source: { kind: 'diff', path },
  modules: [],
  modulesLoad: 'before',
  acts: noActs,
  ...more,
});

/** A task that waits in fifo_open, and is there when the script ends. */
const blockedReader = `mkfifo /tmp/fifo
cat /tmp/fifo > /dev/null 2>&1 &
until grep -q fifo_open /proc/$!/stack; do sleep 0.1; done`;

export const livepatchControls: readonly Control[] = [
  {
    id: 'unchanged-behaviour',
    title: 'a livepatch loads and changes nothing of what it is for',
    scenario: ({ selfcheck, examples }) => {
      const reproducer = join(selfcheck, 'never-changes.c');
      return { patches: [patch(join(examples, 'security-fixes/cmdline-greeting.patch'), { reproducer })] };
    },
    caught: { verdict: 'fail', by: 'behaviour', says: /exit code 1/ },
    quick: true,
  },
  {
    id: 'stalled-transition',
    title: 'a transition that never completes, for a task sleeps in the old code',
    scenario: ({ selfcheck }) => ({
      transitionTimeoutMs: 4000,
      patches: [patch(join(selfcheck, 'fifo-open.patch'), { setup: blockedReader })],
    }),
    caught: { verdict: 'fail', by: 'transition', says: /stalled and rolled back .*cat\[\d+\] in / },
  },
  {
    id: 'idle-workload',
    title: 'a workload that never started',
    scenario: () => ({
      workloads: [planWorkload({ name: 'absent', command: 'no-such-program', mode: 'keep', exit: 0 }, 1)],
    }),
    caught: { verdict: 'inconclusive', by: 'workload', says: /never ran: .*not found/ },
    quick: true,
  },
];

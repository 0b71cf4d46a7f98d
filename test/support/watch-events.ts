// Watches a machine in a test: all events so far, and the first that fits. Patience only ends a test that would hang: it
// is long, for a host may be slow or busy.

import { waitUntil } from '../../lab/src/core/wait.ts';
import type { ProblemKind } from '../../lab/src/vm/console/console-problem.ts';
import type { ConsoleReport } from '../../lab/src/vm/console/console-report.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import type { MachineEvent } from '../../lab/src/vm/watch-machine.ts';

/** From now on; nothing is missed once this resolves. */
export async function watchEvents(machine: RunningMachine, timeoutMs = 120_000) {
  const abort = new AbortController();
  const events: MachineEvent[] = [];
  let ready = () => {};
  const isReady = new Promise<void>((resolve) => (ready = resolve));
  const onEvent = (event: MachineEvent) => void events.push(event);
  const ended = machine.watch({ signal: abort.signal, onEvent, onReady: () => ready() });
  await Promise.race([isReady, ended]);
  const { signal } = abort;
  /** The first event that fits. */
  const until = (what: string, fits: (event: MachineEvent) => boolean): Promise<MachineEvent> =>
    waitUntil({ what, timeoutMs, intervalMs: 10, signal }, () => events.find(fits));
  /** The first report of that kind. */
  const report = (kind: ProblemKind): Promise<ConsoleReport> =>
    waitUntil({ what: `a report of ${kind}`, timeoutMs, intervalMs: 10, signal }, () =>
      events.flatMap((event) => (event.type === 'report' ? [event.report] : [])).find((it) => it.problem.kind === kind),
    );
  return { events, until, report, ended, close: () => (abort.abort(), ended) };
}

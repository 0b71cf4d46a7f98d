// A trial as the run of a test.

import { l10n, type TestItem, type TestRun } from 'vscode';
import { runOperation, showArgv, type TrialSummary } from 'livepatch-lab';
import { listener, speaker, tellError, type TestTurn } from './test-turn.ts';
import { messagesOf } from './trial-messages.ts';

/** Runs the scenario of that item and tells its verdict; undefined when nothing was found out. */
export async function runScenario(turn: TestTurn, item: TestItem): Promise<TrialSummary | undefined> {
  const { session, run, target, keep = false, signal } = turn;
  const path = item.uri?.fsPath ?? '';
  const say = speaker(turn, item);
  const words = [...(target ? ['--target', target] : []), ...(keep ? ['--keep'] : [])];
  const equivalent = showArgv(['lpl', 'trial', path, ...words]);
  run.started(item);
  const started = Date.now();
  try {
    const options = { name: `Trial ${item.label}`, equivalent, signal, emit: listener(turn, say) };
    const request = { scenario: path, keep, ...(target ? { target } : {}) };
    const summary = await runOperation(options, (ctx) => session.lab.trial(request, ctx));
    tell(run, item, summary, Date.now() - started);
    for (const figure of summary.figures) say(`  ${figure}`);
    say(`  report: ${summary.report}`);
    if (summary.machine) say(l10n.t('  machine: {0} runs on', summary.machine));
    return summary;
  } catch (error) {
    tellError(turn, item, error, Date.now() - started);
    return undefined;
  }
}

/** Inconclusive is not failed: it was not found out. */
function tell(run: TestRun, item: TestItem, summary: TrialSummary, ms: number): void {
  if (summary.verdict === 'pass') return run.passed(item, ms);
  const messages = messagesOf.trial(item, summary);
  if (summary.verdict === 'inconclusive') run.errored(item, messages, ms);
  else run.failed(item, messages, ms);
}

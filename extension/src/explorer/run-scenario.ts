// A trial as the run of a test.

import type { TestItem, TestRun } from 'vscode';
import { runOperation, showArgv, type TrialSummary } from 'livepatch-lab';
import { listener, speaker, tellError, type TestTurn } from './test-turn.ts';
import { messagesOf } from './trial-messages.ts';

/** Runs the scenario of that item and tells its verdict. */
export async function runScenario(turn: TestTurn, item: TestItem): Promise<void> {
  const { session, run, target, signal } = turn;
  const path = item.uri?.fsPath ?? '';
  const say = speaker(turn, item);
  const words = target ? ['--target', target] : [];
  const equivalent = showArgv(['lpl', 'trial', path, ...words]);
  run.started(item);
  const started = Date.now();
  try {
    const options = { name: `Trial ${item.label}`, equivalent, signal, emit: listener(turn, say) };
    const request = { scenario: path, ...(target ? { target } : {}) };
    const summary = await runOperation(options, (ctx) => session.lab.trial(request, ctx));
    tell(run, item, summary, Date.now() - started);
    for (const figure of summary.figures) say(`  ${figure}`);
    say(`  report: ${summary.report}`);
  } catch (error) {
    tellError(turn, item, error, Date.now() - started);
  }
}

/** Inconclusive is not failed: it was not found out. */
function tell(run: TestRun, item: TestItem, summary: TrialSummary, ms: number): void {
  if (summary.verdict === 'pass') return run.passed(item, ms);
  const messages = messagesOf.trial(item, summary);
  if (summary.verdict === 'inconclusive') run.errored(item, messages, ms);
  else run.failed(item, messages, ms);
}

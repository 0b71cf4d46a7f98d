// `npm run test:editor [WORD...]`: the editor suites in a real VS Code, after the negative controls of how they are
// judged; with words, only the runs whose names contain one. LPL_TEST_RESULT names a file for
// {passed, failed, skipped, failures}.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { runOperation } from '../../lab/src/core/operation.ts';
import type { SuiteResult } from './report-channel.ts';
import { editorRuns, performRun, stopMachines } from './runs.ts';
import { findVscode } from './vscode-host/find-vscode.ts';

const artifacts = join(import.meta.dirname, '../../artifacts/editor');
const words = process.argv.slice(2);

const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
// test-electron passes on SIGINT alone.
process.on('SIGTERM', () => process.emit('SIGINT', 'SIGINT'));
process.exitCode = (await main()) ? 0 : 1;

async function main(): Promise<boolean> {
  const total: SuiteResult = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const started = performance.now();
  try {
    const host = await runOperation({ name: 'find VS Code', signal: stop.signal, emit: showEvent }, findVscode);
    console.log(`VS Code: ${host.kind} (${host.executable})`);
    await stopMachines();
    rmSync(artifacts, { recursive: true, force: true });
    mkdirSync(artifacts, { recursive: true });
    const runs = editorRuns.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
    for (const [index, run] of runs.entries()) {
      stop.signal.throwIfAborted();
      console.log(`\n${run.name}`);
      const log = join(artifacts, `run-${index}.log`);
      add(
        total,
        await performRun(run, { host, log, onLine: (line) => console.log(line) }).catch((error) =>
          asFailure(error, run.name),
        ),
      );
    }
  } catch (error) {
    add(total, asFailure(error, 'the run'));
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`\n  ${total.passed} passing (${seconds}s)\n  ${total.failed} failing`);
  if (total.skipped > 0) console.log(`  ${total.skipped} pending`);
  const resultFile = process.env['LPL_TEST_RESULT'];
  if (resultFile) writeFileSync(resultFile, JSON.stringify(total));
  return total.failed === 0 && total.passed > 0;
}

function add(total: SuiteResult, result: SuiteResult): void {
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += result[key];
  total.failures.push(...result.failures);
}

/** A run that could not be judged counts as one failure. */
function asFailure(error: unknown, what: string): SuiteResult {
  console.error(error instanceof Error ? `  ✘ ${error.message}` : error);
  return { passed: 0, failed: 1, skipped: 0, failures: [what] };
}

function showEvent(event: LabEvent): void {
  if (event.type === 'stage.waiting') console.log(`  ${event.stage}: ${event.what} ...`);
  if (event.type === 'stage.end')
    console.log(
      `  ${event.stage}: ${event.ok ? 'ok' : 'failed'}${event.cached ? ', cached' : ''} (${event.ms} ms) ${event.note ?? ''}`,
    );
}

// The runs of `npm run test:editor`: which suites, with which extension, in which kind of window, and what is expected.

import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { runInVscode, type SuiteRun } from './run-in-vscode.ts';
import type { SuiteResult } from './report-channel.ts';

type RunSpec = Pick<SuiteRun, 'settings' | 'env' | 'keepWorkspaceTrust'> & {
  name: string;
  /** Sources of the suites, below test/editor. */
  suites: readonly string[];
  /** Directory of the extension under development. */
  extension: string;
  /** For a negative control: how the run must fail. */
  mustFail?: { message: RegExp } | { failed: number };
};

const fakeExtension = join(import.meta.dirname, 'fixtures/fake-extension');

export const editorRuns: readonly RunSpec[] = [
  {
    name: 'control: a suite that fails is reported as failed',
    suites: ['controls/fails.ts'],
    extension: fakeExtension,
    mustFail: { failed: 1 },
  },
  {
    name: 'control: an extension host that dies is not a pass',
    suites: ['controls/kills-extension-host.ts'],
    extension: fakeExtension,
    mustFail: { message: /never said its end/ },
  },
];

/** Performs one run. A control counts as one test: did the run fail the way it must? */
export async function performRun(spec: RunSpec, base: Pick<SuiteRun, 'host' | 'log' | 'onLine'>): Promise<SuiteResult> {
  const [entry = '', ...suites] = await bundle(['suites/run-suites.ts', ...spec.suites]);
  const { mustFail, name: _name, ...run } = spec;
  if (!mustFail) return runInVscode({ ...base, ...run, entry, suites });
  const outcome = await runInVscode({ ...base, ...run, entry, suites, onLine: () => undefined }).catch(
    (error: unknown) => error as Error,
  );
  const asExpected =
    'message' in mustFail
      ? outcome instanceof Error && mustFail.message.test(outcome.message)
      : !(outcome instanceof Error) && outcome.failed === mustFail.failed;
  base.onLine(
    asExpected ? '  ✔ as it must' : `  ✘ ${outcome instanceof Error ? outcome.message : JSON.stringify(outcome)}`,
  );
  return { passed: Number(asExpected), failed: Number(!asExpected), pending: 0 };
}

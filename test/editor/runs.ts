// The runs of `npm run test:editor`: which suites, with which extension, in which kind of window, and what is expected.

import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { packFakeExtension } from './fixtures/pack-fake-extension.ts';
import { runInVscode, type SuiteRun } from './run-in-vscode.ts';
import type { SuiteResult } from './report-channel.ts';

type RunSpec = Pick<SuiteRun, 'settings' | 'env' | 'keepWorkspaceTrust'> & {
  name: string;
  /** Sources of the suites, below test/editor. */
  suites: readonly string[];
  /** The product itself, or the product with the fake lab in the place of the real one. */
  extension: 'real' | 'fake';
  /** For a negative control: how the run must fail. */
  mustFail?: { message: RegExp } | { failed: number };
};

export const editorRuns: readonly RunSpec[] = [
  {
    name: 'control: a suite that fails is reported as failed',
    suites: ['controls/fails.ts'],
    extension: 'fake',
    mustFail: { failed: 1 },
  },
  {
    name: 'control: an extension host that dies is not a pass',
    suites: ['controls/kills-extension-host.ts'],
    extension: 'fake',
    mustFail: { message: /never said its end/ },
  },
  { name: 'user interface', suites: ['suites/ui.test.ts'], extension: 'fake' },
  { name: 'untrusted workspace', suites: ['suites/untrusted.test.ts'], extension: 'fake', keepWorkspaceTrust: true },
];

const realExtension = join(import.meta.dirname, '../../extension');

/** Performs one run. A control counts as one test: did the run fail the way it must? */
export async function performRun(spec: RunSpec, base: Pick<SuiteRun, 'host' | 'log' | 'onLine'>): Promise<SuiteResult> {
  const [entry = '', ...suites] = await bundle(['suites/run-suites.ts', ...spec.suites]);
  const { mustFail, name: _name, ...rest } = spec;
  const extension = spec.extension === 'real' ? realExtension : await packFakeExtension();
  const run: SuiteRun = { ...base, ...rest, extension, entry, suites };
  if (!mustFail) return runInVscode(run);
  const outcome = await runInVscode({ ...run, onLine: () => undefined }).catch((error: unknown) => error as Error);
  const asExpected =
    'message' in mustFail
      ? outcome instanceof Error && mustFail.message.test(outcome.message)
      : !(outcome instanceof Error) && outcome.failed === mustFail.failed;
  base.onLine(
    asExpected ? '  ✔ as it must' : `  ✘ ${outcome instanceof Error ? outcome.message : JSON.stringify(outcome)}`,
  );
  return { passed: Number(asExpected), failed: Number(!asExpected), pending: 0 };
}

// The runs of `npm run test:editor`: which suites, with which extension, in which kind of window, and what is expected.

import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { labPaths } from '../../lab/src/core/paths.ts';
import { openLab } from '../../lab/src/lab.ts';
import manifest from '../../extension/package.json' with { type: 'json' };
import { bundle } from './bundle.ts';
import { packFakeExtension } from './fixtures/pack-fake-extension.ts';
import { runInVscode, type SuiteRun } from './run-in-vscode.ts';
import type { SuiteResult } from './report-channel.ts';

export type RunSpec = Pick<SuiteRun, 'settings' | 'env' | 'keepWorkspaceTrust'> & {
  name: string;
  /** Sources of the suites, below test/editor. */
  suites: readonly string[];
  /** The product itself, or the product with the fake lab in the place of the real one. */
  extension: 'real' | 'fake';
  /** For a negative control: how the run must fail. */
  mustFail?: { message: RegExp } | { failed: number };
  /** What the run may have left behind is taken away, however it ended. */
  after?: () => Promise<void>;
};

const vsixLimitBytes = 1_500_000;
const repository = join(import.meta.dirname, '../..');
/** Machines of the suites are no business of the developer's own. */
const suiteState = join(repository, 'artifacts/editor/state');

/** For runs with a real machine. */
export const suiteEnvironment = { LPL_REPOSITORY: repository, XDG_STATE_HOME: suiteState };

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
  {
    name: 'user interface',
    suites: [
      'ui',
      'views',
      'build-and-load',
      'hot-patch',
      'features',
      'test-explorer',
      'authoring',
      'tasks',
      'assistant',
      'terminals',
    ].map((name) => `suites/${name}.test.ts`),
    extension: 'fake',
  },
  { name: 'untrusted workspace', suites: ['suites/untrusted.test.ts'], extension: 'fake', keepWorkspaceTrust: true },
  {
    name: 'real machine: an extension host that crashes in a transition',
    suites: ['suites/window-goes.test.ts'],
    extension: 'real',
    env: { ...suiteEnvironment, LPL_GOES: 'crash' },
    mustFail: { message: /never said its end/ },
  },
  {
    name: 'real machine: the window after that, which is reloaded in another',
    suites: ['suites/window-goes.test.ts'],
    extension: 'real',
    env: suiteEnvironment,
    after: stopMachines,
  },
  {
    name: 'real machine: edits and trials',
    suites: ['suites/e2e.test.ts', 'suites/trials.test.ts'],
    extension: 'real',
    env: suiteEnvironment,
    after: stopMachines,
  },
];

/** Performs one run. A control counts as one test: did the run fail the way it must? */
export async function performRun(spec: RunSpec, base: Pick<SuiteRun, 'host' | 'log' | 'onLine'>): Promise<SuiteResult> {
  const [entry = '', ...suites] = await bundle(['suites/run-suites.ts', ...spec.suites]);
  const { mustFail, after, name: _name, ...rest } = spec;
  const extension = spec.extension === 'real' ? packRealExtension() : await packFakeExtension();
  const run: SuiteRun = { ...base, ...rest, extension, entry, suites };
  if (!mustFail) return runInVscode(run).finally(() => after?.());
  const outcome = await runInVscode({ ...run, onLine: () => undefined }).catch((error: unknown) => error as Error);
  const asExpected =
    'message' in mustFail
      ? outcome instanceof Error && mustFail.message.test(outcome.message)
      : !(outcome instanceof Error) && outcome.failed === mustFail.failed;
  base.onLine(
    asExpected ? '  ✔ as it must' : `  ✘ ${outcome instanceof Error ? outcome.message : JSON.stringify(outcome)}`,
  );
  const failures = asExpected ? [] : [spec.name];
  return { passed: Number(asExpected), failed: failures.length, skipped: 0, failures };
}

/** Builds and packs the extension as users get it; the run loads what went into the VSIX. */
function packRealExtension(): string {
  const directory = join(repository, 'extension');
  execFileSync('npm', ['run', 'package'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const { size } = statSync(join(directory, `${manifest.name}-${manifest.version}.vsix`));
  if (size > vsixLimitBytes) throw new Error(`the VSIX has ${size} bytes, more than ${vsixLimitBytes}`);
  return directory;
}

/** Ends what this run, or one that was killed before it, left running. */
export async function stopMachines(): Promise<void> {
  const lab = openLab({
    paths: labPaths({ ...process.env, XDG_STATE_HOME: suiteState }),
    resources: { guest: '', profiles: '', kconfig: '', examples: '', selfcheck: '' },
  });
  const ctx = { signal: AbortSignal.timeout(120_000), emit: () => undefined, stage: '' };
  for (const { name } of await lab.vmList(ctx)) await lab.vmDown(name, ctx);
}

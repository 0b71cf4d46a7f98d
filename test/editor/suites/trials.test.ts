// Scenarios in the Test Explorer of a real VS Code, each a real trial with a machine of its own: run to its report, cancelled
// under way, and left running for gdb.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CancellationTokenSource,
  commands,
  languages,
  type TestItem,
  TestRunProfileKind,
  TestRunRequest,
  Uri,
  window,
  workspace,
} from 'vscode';
import type { Lab } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import { hearTests } from './hear-tests.ts';
import { inGuest, minute, openRealWindow, patiently, repository, run, shownIn, stockTarget } from './real-window.ts';
import { until } from './until.ts';

describe('trials in the Test Explorer', function () {
  this.timeout(15 * minute);
  const folder = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'trials');
  let lab: Lab;
  let views: Window;
  let told: ReturnType<typeof hearTests>;

  const machines = async () => (await lab.vmList(patiently())).filter(({ name }) => name.startsWith('trial-'));
  const newestTrial = async () => (await lab.trialList(1))[0];
  /** The only test there is: puts a livepatch in and out again, and looks on for so long while it is in. */
  const explore = async (title: string, soakMs: number): Promise<TestItem> => {
    writeFileSync(join(folder, 'scenario.yaml'), scenario({ title, soakMs, target: await stockTarget(lab) }));
    views.scenarios.items.replace([]);
    await views.scenarios.refreshHandler?.(undefined as never);
    const [item] = [...views.scenarios.items].map(([, each]) => each).filter(({ label }) => label === title);
    assert.ok(item);
    views.scenarios.items.replace([item]);
    return item;
  };
  /** As the button of that kind does. */
  const runAs = (kind: TestRunProfileKind, item: TestItem, { token } = new CancellationTokenSource()) => {
    const profile = views.profiles().find((each) => each.kind === kind);
    assert.ok(profile);
    return Promise.resolve(profile.runHandler(new TestRunRequest([item], undefined, profile), token));
  };

  before(async () => {
    ({ lab, views } = await openRealWindow());
    mkdirSync(folder, { recursive: true });
    for (const part of ['cmdline-greeting.patch', 'cmdline-greeting.c'])
      copyFileSync(join(repository, 'lab/examples/security-fixes', part), join(folder, part));
  });

  beforeEach(() => {
    told = hearTests(views.scenarios);
  });

  afterEach(() => told.forget());

  after(async () => {
    rmSync(folder, { recursive: true });
    for (const { name } of await machines()) await lab.vmRemove(name, patiently());
  });

  it('runs one, and opens its report', async () => {
    await explore('a greeting', 500);
    await commands.executeCommand('testing.runAll');
    const isJudged = async () => (await newestTrial())?.verdict !== undefined;
    await until('the verdict', isJudged, 10 * minute);
    const trial = await newestTrial();
    assert.equal(trial?.verdict, 'pass', trial?.reasons.join('; '));
    await until('the test', () => told.said.length > 0);
    assert.deepEqual(told.said, ['passed a greeting']);
    await run('openTrialReport', { trial: trial.directory });
    await until('the report', () => window.tabGroups.activeTabGroup.activeTab?.label === 'Report: pass');
  });

  it('cancels one while its livepatch is live: no machine is left, and nobody says that it passed', async () => {
    const item = await explore('an endless look', 60 * minute);
    const button = new CancellationTokenSource();
    const ended = runAs(TestRunProfileKind.Run, item, button);
    const isLive = async () => {
      const [machine] = await machines();
      if (machine?.state !== 'running') return false;
      const loaded = await lab.klpStatus(machine.name, patiently()).catch(() => []);
      return loaded.some(({ enabled, transition }) => enabled && !transition);
    };
    await until('the livepatch', isLive, 10 * minute);
    const [machine] = await machines();
    assert.ok(machine?.pid !== undefined && existsSync(`/proc/${machine.pid}`), 'QEMU runs');
    button.cancel();
    await ended;
    assert.deepEqual(told.said, ['skipped an endless look']);
    assert.deepEqual(await machines(), []);
    await until('the end of QEMU', () => !existsSync(`/proc/${machine.pid}`));
    assert.equal((await newestTrial())?.state, 'unfinished');
    const shown = async () => (await shownIn(views.trials)).join('; ');
    await until('the view', async () => /an endless look/.test(await shown()) && !/running/.test(await shown()));
  });

  it('debugs one: its machine runs on with the livepatch live, and gdb holds its kernel', async () => {
    await runAs(TestRunProfileKind.Debug, await explore('a look inside', 500));
    assert.deepEqual(told.said, ['passed a look inside']);
    const [machine] = await machines();
    assert.ok(machine);
    const { name } = machine;
    const state = async () => (await machines()).find((each) => each.name === name)?.state;
    const gdb = () => window.terminals.find((terminal) => terminal.name === `${name} gdb`);
    await until('gdb', () => gdb() !== undefined);
    await until('the guest to stand still', async () => (await state()) === 'paused');
    gdb()?.dispose();
    await until('the guest to go on', async () => (await state()) === 'running');
    assert.match(await inGuest(lab, name, 'cat /proc/cmdline'), / livepatched\n$/);
    await run('stopMachine', { machine: name });
    assert.equal(await state(), 'stopped');
  });

  it('shows what is wrong with a scenario on its line', async () => {
    const uri = Uri.file(join(folder, 'wrong.yaml'));
    writeFileSync(uri.fsPath, 'schema: 1\ntitle: wrong\nspeed: 3\npatches: []\n');
    assert.equal(await run('runTrial', uri), undefined);
    assert.equal(languages.getDiagnostics(uri)[0]?.code, 'scenario.invalid');
  });
});

type Wanted = { title: string; soakMs: number; target: string };

const scenario = ({ title, soakMs, target }: Wanted) => `schema: 1
title: ${title}
target: ${target}
patches:
  - title: greeting
    file: cmdline-greeting.patch
    reproducer: cmdline-greeting.c
baselineMs: 500
soakMs: ${soakMs}
control: none
`;

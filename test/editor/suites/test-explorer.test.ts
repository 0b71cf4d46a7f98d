// Scenarios and matrices in the Test Explorer, over the fake lab: how they are run, debugged, cancelled and run again, and what
// VS Code is told of each.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  CancellationTokenSource,
  commands,
  debug,
  type TestItem,
  TestRunProfileKind,
  TestRunRequest,
  window,
  workspace,
} from 'vscode';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine } from '../fixtures/fake-facts.ts';
import { fakeCells } from '../fixtures/fake-matrix.ts';
import { freshFakeWindow } from './fake-window.ts';
import { hearTests } from './hear-tests.ts';
import { until } from './until.ts';

describe('the Test Explorer', () => {
  let fake: FakeExtension;
  let told: ReturnType<typeof hearTests>;
  const folder = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'explored');
  const scenario = (name: string) => join(folder, `${name}.yaml`);
  const asked = (word: string) => fake.lab.calls.filter((call) => call.startsWith(`${word} `));
  const items = () => [...fake.scenarios.items].map(([, item]) => item);
  const itemOf = (path: string) => items().find(({ uri }) => uri?.fsPath === path) as TestItem;
  /** Waits until VS Code was told of so many tests, and says of which. */
  const untilTold = async (count: number) => {
    await until(`${count} of ${told.said.join(', ') || 'none'}`, () => told.said.length >= count);
    return told.said;
  };
  /** The only tests there are. */
  const explore = async (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) writeFileSync(path, text);
    fake.scenarios.items.replace([]);
    await fake.scenarios.refreshHandler?.(undefined as never);
    fake.scenarios.items.replace(items().filter(({ uri }) => uri && uri.fsPath in files));
  };
  /** As the button does. VS Code's window hears of new tests a moment after they were found; until then there is nothing to run. */
  const runAll = () =>
    until('a run', async () => {
      await commands.executeCommand('testing.runAll');
      return told.said.length > 0;
    });
  /** The same for those that failed, of which the window hears a moment after us. What was told of `count` tests. */
  const runFailedAgain = async (count: number) => {
    told.said.length = 0;
    const news = () => [...new Set(told.said)].sort();
    await until(`a run of ${count} that failed`, async () => {
      await commands.executeCommand('testing.reRunFailTests');
      return news().length >= count;
    });
    return news();
  };
  /** The way to run them that stands first among those of that kind, and without any target but that of the files. */
  const runAs = async (kind: TestRunProfileKind, { token } = new CancellationTokenSource()) => {
    const profile = fake.profiles().find((each) => each.kind === kind);
    assert.ok(profile);
    await profile.runHandler(new TestRunRequest(items(), undefined, profile), token);
  };
  const ofTitle = (title: string) => `schema: 1\ntitle: ${title}\npatches:\n  - title: x\n    file: x.patch\n`;

  // What other suites left behind is no test here.
  before(() => {
    const root = dirname(folder);
    for (const name of readdirSync(root)) if (/\.ya?ml$/.test(name)) rmSync(join(root, name));
  });

  beforeEach(async () => {
    fake = await freshFakeWindow();
    mkdirSync(folder, { recursive: true });
    told = hearTests(fake.scenarios);
  });

  afterEach(() => {
    told.forget();
    rmSync(folder, { recursive: true });
  });

  it('runs a scenario of the workspace', async () => {
    await explore({ [scenario('greeting')]: ofTitle('a greeting') });
    assert.deepEqual(
      items().map(({ label }) => label),
      ['a greeting'],
    );
    await runAll();
    assert.deepEqual(await untilTold(1), ['passed a greeting']);
    assert.deepEqual(asked('trial'), [`trial ${scenario('greeting')}`]);
  });

  it('runs those again that failed, and no others', async () => {
    await explore({ [scenario('red')]: ofTitle('red'), [scenario('green')]: ofTitle('green') });
    fake.lab.trialVerdict = (path) => (path === scenario('red') ? 'fail' : 'pass');
    await runAll();
    assert.deepEqual((await untilTold(2)).sort(), ['failed red', 'passed green']);
    fake.lab.trialVerdict = () => 'pass';
    assert.deepEqual(await runFailedAgain(1), ['passed red']);
  });

  it('has a way to run and one to debug for each target of the settings', () => {
    const targets = workspace.getConfiguration('livepatchLab').get<string[]>('targets') ?? [];
    assert.ok(targets.length > 1);
    const ways = (kind: TestRunProfileKind) =>
      fake.profiles().flatMap((profile) => (profile.kind === kind ? [profile.label] : []));
    assert.deepEqual(ways(TestRunProfileKind.Run), ['Run trial', ...targets.map((target) => `Run trial on ${target}`)]);
    assert.equal(ways(TestRunProfileKind.Debug).length, targets.length + 1);
  });

  it('runs on the target of the profile, whatever the file says', async () => {
    await explore({ [scenario('anywhere')]: ofTitle('anywhere') });
    const [target = ''] = workspace.getConfiguration('livepatchLab').get<string[]>('targets') ?? [];
    const profile = fake.profiles().find(({ label }) => label === `Run trial on ${target}`);
    const request = new TestRunRequest([itemOf(scenario('anywhere'))], undefined, profile);
    await profile?.runHandler(request, new CancellationTokenSource().token);
    assert.deepEqual(asked('trial'), [`trial ${scenario('anywhere')} on ${target}`]);
    assert.deepEqual(told.said, ['passed anywhere']);
  });

  it('cancels a run, and says of no test that it passed', async () => {
    await explore({ [scenario('first')]: ofTitle('first'), [scenario('second')]: ofTitle('second') });
    fake.lab.hold = new Promise(() => undefined);
    const button = new CancellationTokenSource();
    const ended = runAs(TestRunProfileKind.Run, button);
    await until('the first trial', () => asked('trial').length === 1);
    button.cancel();
    await ended;
    assert.deepEqual(told.said.sort(), ['skipped first', 'skipped second']);
    assert.equal(asked('trial').length, 1);
  });

  it('debugs one scenario: its machine stays, and a debugger is attached to it', async () => {
    fake.debuggers = ['gdb'];
    fake.debugged.length = 0;
    fake.lab.trialVerdict = () => 'fail';
    await explore({ [scenario('deep')]: ofTitle('deep'), [scenario('other')]: ofTitle('other') });
    await runAs(TestRunProfileKind.Debug);
    await until('the debugger', () => fake.debugged.length === 1);
    assert.deepEqual(told.said.map((each) => each.split(' ')[0]).sort(), ['failed', 'skipped']);
    assert.deepEqual(asked('vmGdb'), ['vmGdb trial-1']);
    await until('an active session', () => debug.activeDebugSession !== undefined);
    await debug.stopDebugging();
    await until('the guest to go on', () => asked('vmResume').length === 1);
    assert.ok(fake.lab.machines.some(({ name }) => name === 'trial-1'));
  });

  it('opens the console where there is no debugger at all', async () => {
    fake.debuggers = [];
    fake.lab.gdb = { ...fake.lab.gdb, argv: ['no-such-debugger'] };
    await explore({ [scenario('deep')]: ofTitle('deep') });
    await runAs(TestRunProfileKind.Debug);
    const isOpen = () => window.terminals.find(({ name }) => name === 'trial-1 console');
    await until('the console', () => isOpen() !== undefined);
    isOpen()?.dispose();
  });

  it('debugs no cell of a matrix, and nothing that could not be run', async () => {
    const matrix = 'schema: 1\ntitle: two by two\nkernels: []\npatches: []\nworkloads: []\n';
    await explore({ [scenario('stock')]: matrix });
    await runAs(TestRunProfileKind.Debug);
    assert.equal(told.said.length, fakeCells.length);
    assert.ok(told.said.every((each) => each.startsWith('skipped ')));
    fake.lab.machines = [fakeMachine('web1')];
    fake.lab.failure = new Error('no room');
    await explore({ [scenario('deep')]: ofTitle('deep') });
    told.said.length = 0;
    await runAs(TestRunProfileKind.Debug);
    assert.deepEqual([told.said, asked('vmGdb')], [['errored deep'], []]);
  });

  it('runs the cells of a matrix that were asked for, each a test, and those that failed again', async () => {
    const path = scenario('stock.matrix');
    await explore({ [path]: 'schema: 1\ntitle: two by two\nkernels: []\npatches: []\nworkloads: []\n' });
    const cells = [...itemOf(path).children].map(([, { label, description }]) => `${description} ${label}`);
    assert.deepEqual(cells, ['newest good · serving', 'newest bad · serving', 'oldest good · serving']);
    await runAll();
    const ids = fakeCells.map(({ id }) => id);
    const all = ['errored good · serving', 'failed bad · serving', 'passed good · serving'];
    assert.deepEqual((await untilTold(ids.length)).sort(), all);
    assert.deepEqual(asked('matrix'), [`matrix ${ids.join(' ')}`]);
    fake.lab.calls.length = 0;
    assert.deepEqual(await runFailedAgain(2), all.slice(0, 2));
    assert.deepEqual(asked('matrix').at(-1)?.split(' ').slice(1).sort(), ids.slice(1).sort());
  });
});

// The whole chain in a real VS Code with a real machine: start it, edit kernel source, hot patch on save, see the new
// behaviour in the guest and the function in the view, undo and see the old; a compile error and a refusal on their lines; a
// guest that panics; a trial and its report.

import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  commands,
  ConfigurationTarget,
  extensions,
  languages,
  type TextEditor,
  type TreeDataProvider,
  Uri,
  window,
  workspace,
} from 'vscode';
import { type Lab, type MachineStatus, openLab } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import { type CommandName, commandIds } from '../../../extension/src/contributions.ts';
import type { AppliedEdit } from '../../../extension/src/livepatch/apply-edit.ts';
import { until } from './until.ts';

const name = 'editor1';
const file = 'fs/proc/cmdline.c';
const minute = 60_000;
const repository = process.env['LPL_REPOSITORY'] ?? '';

describe('a machine driven from VS Code', function () {
  this.timeout(15 * minute);
  let lab: Lab;
  let machine: MachineStatus;
  let editor: TextEditor;
  let bootId: string;
  let views: Window;

  const ctx = () => ({ signal: AbortSignal.timeout(5 * minute), emit: () => undefined, stage: '' });
  const run = <T>(command: CommandName, ...args: unknown[]) => commands.executeCommand<T>(commandIds[command], ...args);

  const inGuest = async (path: string): Promise<string> => {
    const guest = await lab.vmGuest(name, ctx());
    try {
      return (await guest.exec(['cat', path], ctx())).stdout;
    } finally {
      await guest.close();
    }
  };

  const untilInGuest = (text: RegExp) =>
    until(`/proc/cmdline to be ${text}`, async () => text.test(await inGuest('/proc/cmdline')), 5 * minute);

  /** Replaces the text of the working copy that starts with `from` up to the end of that line. */
  const edit = async (from: string, to: string): Promise<number> => {
    const { document } = editor;
    const offset = document.getText().indexOf(from);
    assert.ok(offset >= 0, `${from} is in ${file}`);
    const { lineNumber, range } = document.lineAt(document.positionAt(offset));
    await editor.edit((change) => change.replace(range.with(document.positionAt(offset)), to));
    return lineNumber;
  };

  const problems = () => languages.getDiagnostics(editor.document.uri).filter(({ source }) => source === 'livepatch');

  /** Labels and descriptions of all that a view shows, in order, down to the leaves. */
  const shownIn = async <N>({ provider }: { provider: TreeDataProvider<N> }, node?: N): Promise<string[]> => {
    const nodes = (await provider.getChildren(node)) ?? [];
    const shown = nodes.map(async (child) => {
      const { label, description } = await provider.getTreeItem(child);
      return [`${label as string} ${description as string}`, ...(await shownIn({ provider }, child))];
    });
    return (await Promise.all(shown)).flat();
  };

  const turnHotPatch = (on: boolean) =>
    workspace.getConfiguration('livepatchLab').update('hotPatchOnSave', on, ConfigurationTarget.Global);

  before(async () => {
    views = (await extensions.getExtension<Window>('livepatch-lab.livepatch-lab-vscode')?.activate()) as Window;
    lab = openLab({
      resources: { guest: join(repository, 'images/guest'), profiles: '', kconfig: '', examples: '', selfcheck: '' },
    });
    const targets = await lab.listTargets('debian:trixie/cloud-amd64', ctx());
    const target = (targets.find(({ prepared }) => prepared) ?? targets[0])?.name;
    assert.ok(target);
    machine = await run<MachineStatus>('startMachine', { name, target });
    assert.equal(machine?.state, 'running', 'the machine runs; see the log of VS Code');
    bootId = await inGuest('/proc/sys/kernel/random/boot_id');
    editor = await run<TextEditor>('openSource', { target: machine.target, file });
    assert.ok(editor, 'the working copy is open');
  });

  it('is the same machine through the other door', async () => {
    const found = (await lab.vmList(ctx())).find((candidate) => candidate.name === name);
    assert.equal(found?.state, 'running');
    assert.equal(found?.pid, machine.pid);
  });

  it('changes its running kernel to what the edited source says', async () => {
    assert.doesNotMatch(await inGuest('/proc/cmdline'), /livepatched/);
    await edit("seq_putc(m, '\\n');", 'seq_puts(m, " livepatched=1\\n");');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.deepEqual(result?.build?.reasons, []);
    assert.equal(result.live, true);
    assert.match(await inGuest('/proc/cmdline'), / livepatched=1\n$/);
    assert.deepEqual(languages.getDiagnostics(editor.document.uri), []);
  });

  it('replaces the livepatch by that of the next edit', async () => {
    await edit('seq_puts(m, " livepatched=1', 'seq_puts(m, " livepatched=2\\n");');
    await run('buildAndLoad');
    assert.match(await inGuest('/proc/cmdline'), / livepatched=2\n$/);
    assert.equal((await lab.klpStatus(name, ctx())).filter(({ enabled }) => enabled).length, 1);
  });

  it('shows a compile error on its line, and the kernel stays as it was', async () => {
    const line = await edit('seq_puts(m, " livepatched=2', 'seq_puts(m, no_such_variable);');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(result?.build?.verdict, 'failed');
    const [problem] = problems();
    assert.equal(problem?.range.start.line, line);
    assert.match(problem?.message ?? '', /no_such_variable/);
    assert.match(await inGuest('/proc/cmdline'), / livepatched=2\n$/);
  });

  it('shows a refusal on the line that cannot be livepatched, with its rule', async () => {
    await edit('seq_puts(m, no_such_variable', "seq_putc(m, '\\n');");
    const line = await edit('pde->size = ', 'pde->size = saved_command_line_len + 40;');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(result?.build?.verdict, 'refused', JSON.stringify(result?.build?.reasons));
    const [problem] = problems();
    assert.equal(problem?.range.start.line, line, problem?.message);
    assert.equal(problem?.code, result?.build?.reasons[0]?.rule);
    assert.match(await inGuest('/proc/cmdline'), / livepatched=2\n$/);
  });

  it('brings the old code back when the change is undone and saved, with hot patch on save', async () => {
    await edit('pde->size = ', 'pde->size = saved_command_line_len + 1;');
    await turnHotPatch(true);
    await editor.document.save();
    await untilInGuest(/^(?!.* livepatched)/);
    const pristine = editor.document.getText();
    await edit("seq_putc(m, '\\n');", 'seq_puts(m, " hot\\n");');
    const saved = performance.now();
    await editor.document.save();
    await untilInGuest(/ hot\n$/);
    console.log(`save to new behaviour: ${((performance.now() - saved) / 1000).toFixed(1)} s`);
    await views.hotPatch.idle();
    assert.match(views.status.text, /^livepatch: 1 function live in editor1 \(\d+\.\d s\)$/);
    assert.ok((await shownIn(views.livepatches)).includes('cmdline_proc_show undefined'));
    while (editor.document.getText() !== pristine) await commands.executeCommand('undo');
    await editor.document.save();
    await untilInGuest(/^(?!.* hot\n$)/);
    await views.hotPatch.idle();
    assert.match(views.status.text, /the old code is back in editor1/);
    assert.deepEqual(await shownIn(views.livepatches), ['no livepatch in editor1 undefined']);
    await turnHotPatch(false);
  });

  it('never rebooted', async () => {
    assert.equal(await inGuest('/proc/sys/kernel/random/boot_id'), bootId);
  });

  it('shows that its guest panicked, and hangs nowhere', async () => {
    let isShownFatal = false;
    const listener = views.news.onDidFail(({ fatal }) => (isShownFatal ||= fatal));
    const guest = await lab.vmGuest(name, ctx());
    void guest.script('echo c > /proc/sysrq-trigger', ctx()).catch(() => undefined);
    await until('the panic', () => isShownFatal, 5 * minute);
    listener.dispose();
    const { lines } = await lab.vmConsole(name, 400, ctx());
    assert.ok(lines.some(({ text }) => text.includes('Kernel panic')));
    const isShown = async () => (await shownIn(views.machines)).some((text) => text.startsWith(`${name} panicked`));
    await until('the state', isShown, 5 * minute);
    await guest.close();
  });

  it('stops', async () => {
    await run('stopMachine', { machine: name });
    assert.notEqual((await lab.vmList(ctx())).find((candidate) => candidate.name === name)?.state, 'running');
  });

  it('runs a scenario in the Test Explorer, and opens its report', async () => {
    const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    for (const part of ['cmdline-greeting.patch', 'cmdline-greeting.c'])
      copyFileSync(join(repository, 'lab/examples/security-fixes', part), join(folder, part));
    writeFileSync(join(folder, 'scenario.yaml'), scenario(machine.target));
    await views.scenarios.refreshHandler?.(undefined as never);
    await commands.executeCommand('testing.runAll');
    const judged = async () => (await lab.trialList(1)).find(({ verdict }) => verdict !== undefined);
    await until('the verdict', async () => (await judged()) !== undefined, 10 * minute);
    const trial = await judged();
    assert.equal(trial?.verdict, 'pass', trial?.reasons.join('; '));
    await run('openTrialReport', { trial: trial.directory });
    await until('the report', () => window.tabGroups.activeTabGroup.activeTab?.label === 'Report: pass');
  });

  it('shows what is wrong with a scenario on its line', async () => {
    const path = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'wrong.yaml');
    writeFileSync(path, 'schema: 1\ntitle: wrong\nspeed: 3\npatches: []\n');
    assert.equal(await run('runTrial', Uri.file(path)), undefined);
    assert.equal(languages.getDiagnostics(Uri.file(path))[0]?.code, 'scenario.invalid');
  });
});

const scenario = (target: string) => `schema: 1
title: /proc/cmdline tells of its livepatch
target: ${target}
patches:
  - title: greeting
    file: cmdline-greeting.patch
    reproducer: cmdline-greeting.c
baselineMs: 500
soakMs: 500
control: none
`;

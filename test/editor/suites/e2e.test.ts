// The whole chain in a real VS Code with a real machine: start it, edit kernel source, hot patch on save, see the new
// behaviour in the guest and the function in the view, undo and see the old; a compile error and a refusal on their lines, the
// latter with its quick fix; a guest that panics.

import assert from 'node:assert/strict';
import { type CodeAction, commands, ConfigurationTarget, languages, Range, type TextEditor, workspace } from 'vscode';
import type { Lab, MachineStatus } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import type { AppliedEdit } from '../../../extension/src/livepatch/apply-edit.ts';
import { inGuest, minute, openRealWindow, patiently, run, shownIn, stockTarget } from './real-window.ts';
import { replaceText } from './replace-text.ts';
import { until } from './until.ts';

const name = 'editor1';
const file = 'fs/proc/cmdline.c';

describe('a machine driven from VS Code', function () {
  this.timeout(15 * minute);
  let lab: Lab;
  let machine: MachineStatus;
  let editor: TextEditor;
  let bootId: string;
  let views: Window;

  const readInGuest = (path: string) => inGuest(lab, name, `cat ${path}`);

  const untilInGuest = (text: RegExp) =>
    until(`/proc/cmdline to be ${text}`, async () => text.test(await readInGuest('/proc/cmdline')), 5 * minute);

  /** Replaces the text of the working copy that starts with `from` up to the end of that line. */
  const edit = async (from: string, to: string): Promise<number> => {
    const { document } = editor;
    const offset = document.getText().indexOf(from);
    assert.ok(offset >= 0, `${from} is in ${file}`);
    const { lineNumber, range } = document.lineAt(document.positionAt(offset));
    await replaceText(document, range.with(document.positionAt(offset)), to);
    return lineNumber;
  };

  const problems = () => languages.getDiagnostics(editor.document.uri).filter(({ source }) => source === 'livepatch');

  const turnHotPatch = (on: boolean) =>
    workspace.getConfiguration('livepatchLab').update('hotPatchOnSave', on, ConfigurationTarget.Global);

  before(async () => {
    ({ lab, views } = await openRealWindow());
    const target = await stockTarget(lab);
    machine = await run<MachineStatus>('startMachine', { name, target });
    assert.equal(machine?.state, 'running', 'the machine runs; see the log of VS Code');
    bootId = await readInGuest('/proc/sys/kernel/random/boot_id');
    editor = await run<TextEditor>('openSource', { target: machine.target, file });
    assert.ok(editor, 'the working copy is open');
  });

  it('is the same machine through the other door', async () => {
    const found = (await lab.vmList(patiently())).find((candidate) => candidate.name === name);
    assert.equal(found?.state, 'running');
    assert.equal(found?.pid, machine.pid);
  });

  it('changes its running kernel to what the edited source says', async () => {
    assert.doesNotMatch(await readInGuest('/proc/cmdline'), /livepatched/);
    await edit("seq_putc(m, '\\n');", 'seq_puts(m, " livepatched=1\\n");');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.deepEqual(result?.build?.reasons, []);
    assert.equal(result.live, true);
    assert.match(await readInGuest('/proc/cmdline'), / livepatched=1\n$/);
    assert.deepEqual(languages.getDiagnostics(editor.document.uri), []);
  });

  it('replaces the livepatch by that of the next edit', async () => {
    await edit('seq_puts(m, " livepatched=1', 'seq_puts(m, " livepatched=2\\n");');
    await run('buildAndLoad');
    assert.match(await readInGuest('/proc/cmdline'), / livepatched=2\n$/);
    assert.equal((await lab.klpStatus(name, patiently())).filter(({ enabled }) => enabled).length, 1);
  });

  it('shows a compile error on its line, and the kernel stays as it was', async () => {
    const line = await edit('seq_puts(m, " livepatched=2', 'seq_puts(m, no_such_variable);');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(result?.build?.verdict, 'failed');
    const [problem] = problems();
    assert.equal(problem?.range.start.line, line);
    assert.match(problem?.message ?? '', /no_such_variable/);
    assert.match(await readInGuest('/proc/cmdline'), / livepatched=2\n$/);
  });

  it('shows a refusal on the line that cannot be livepatched, with its rule', async () => {
    await edit('seq_puts(m, no_such_variable', 'seq_puts(m, " livepatched=3\\n");');
    const line = await edit('pde->size = ', 'pde->size = saved_command_line_len + 40;');
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.equal(result?.build?.verdict, 'refused', JSON.stringify(result?.build?.reasons));
    const [problem] = problems();
    assert.equal(problem?.range.start.line, line, problem?.message);
    assert.equal(problem?.code, result?.build?.reasons[0]?.rule);
    assert.match(await readInGuest('/proc/cmdline'), / livepatched=2\n$/);
  });

  it('puts the refused function back as it was, and the rest of the edit goes live', async () => {
    const line = await edit('struct proc_dir_entry *pde;', 'struct proc_dir_entry *pde = NULL;');
    const { uri } = editor.document;
    const actions = await commands.executeCommand<CodeAction[]>(
      'vscode.executeCodeActionProvider',
      uri,
      new Range(line, 0, line + 6, 0),
    );
    const fix = actions.find(({ title }) => title === 'Livepatch: put proc_cmdline_init() back as it was');
    assert.ok(fix?.edit, actions.map(({ title }) => title).join(', '));
    await workspace.applyEdit(fix.edit);
    const result = await run<AppliedEdit>('buildAndLoad');
    assert.deepEqual(result?.build?.reasons, []);
    assert.match(await readInGuest('/proc/cmdline'), / livepatched=3\n$/);
    assert.deepEqual(problems(), []);
  });

  it('brings the old code back when the change is undone and saved, with hot patch on save', async () => {
    await edit('seq_puts(m, " livepatched=3', "seq_putc(m, '\\n');");
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
    assert.equal(await readInGuest('/proc/sys/kernel/random/boot_id'), bootId);
  });

  it('shows that its guest panicked, and hangs nowhere', async () => {
    let isShownFatal = false;
    const listener = views.news.onDidFail(({ fatal }) => (isShownFatal ||= fatal));
    const guest = await lab.vmGuest(name, patiently());
    void guest.script('echo c > /proc/sysrq-trigger', patiently()).catch(() => undefined);
    await until('the panic', () => isShownFatal, 5 * minute);
    listener.dispose();
    const { lines } = await lab.vmConsole(name, 400, patiently());
    assert.ok(lines.some(({ text }) => text.includes('Kernel panic')));
    const isShown = async () => (await shownIn(views.machines)).some((text) => text.startsWith(`${name} panicked`));
    await until('the state', isShown, 5 * minute);
    await guest.close();
  });

  it('stops', async () => {
    await run('stopMachine', { machine: name });
    assert.notEqual((await lab.vmList(patiently())).find((candidate) => candidate.name === name)?.state, 'running');
  });
});

// The whole chain in a real VS Code with a real machine: start it, edit kernel source, build and load, see the new
// behaviour in the guest, see a compile error and a refusal on their lines, run a trial and open its report.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, languages, type TextEditor, Uri, window, workspace } from 'vscode';
import { type Lab, type MachineStatus, openLab, type TrialSummary } from 'livepatch-lab';
import { type CommandName, commandIds } from '../../../extension/src/contributions.ts';
import type { BuildAndLoadResult } from '../../../extension/src/livepatch/build-and-load.ts';

const name = 'editor1';
const file = 'fs/proc/cmdline.c';
const minute = 60_000;

describe('a machine driven from VS Code', function () {
  this.timeout(8 * minute);
  let lab: Lab;
  let machine: MachineStatus;
  let editor: TextEditor;
  let bootId: string;

  const ctx = () => ({ signal: AbortSignal.timeout(minute), emit: () => undefined, stage: '' });
  const run = <T>(command: CommandName, ...args: unknown[]) => commands.executeCommand<T>(commandIds[command], ...args);

  const inGuest = async (path: string): Promise<string> => {
    const guest = await lab.vmGuest(name, ctx());
    try {
      return (await guest.exec(['cat', path], ctx())).stdout;
    } finally {
      await guest.close();
    }
  };

  /** Replaces the text of the working copy that starts with `from` up to the end of that line. */
  const edit = async (from: string, to: string): Promise<number> => {
    const { document } = editor;
    const offset = document.getText().indexOf(from);
    assert.ok(offset >= 0, `${from} is in ${file}`);
    const { lineNumber, range } = document.lineAt(document.positionAt(offset));
    await editor.edit((change) => change.replace(range.with(document.positionAt(offset)), to));
    return lineNumber;
  };

  before(async () => {
    lab = openLab({ resources: { guest: join(process.env['LPL_REPOSITORY'] ?? '', 'images/guest'), examples: '' } });
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
    const result = await run<BuildAndLoadResult>('buildAndLoad');
    assert.deepEqual(result?.build.reasons, []);
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
    const result = await run<BuildAndLoadResult>('buildAndLoad');
    assert.equal(result?.build.verdict, 'failed');
    const problems = languages.getDiagnostics(editor.document.uri).filter(({ source }) => source === 'livepatch');
    assert.equal(problems[0]?.range.start.line, line);
    assert.match(problems[0]?.message ?? '', /no_such_variable/);
    assert.match(await inGuest('/proc/cmdline'), / livepatched=2\n$/);
  });

  it('shows a refusal in the function that cannot be livepatched, with its rule', async () => {
    await edit('seq_puts(m, no_such_variable', 'seq_puts(m, " livepatched=2\\n");');
    const line = await edit('pde->size = ', 'pde->size = saved_command_line_len + 40;');
    const result = await run<BuildAndLoadResult>('buildAndLoad');
    assert.equal(result?.build.verdict, 'refused', JSON.stringify(result?.build.reasons));
    const [problem] = languages.getDiagnostics(editor.document.uri).filter(({ source }) => source === 'livepatch');
    const start = problem?.range.start.line ?? -1;
    assert.ok(start <= line && start >= line - 5, `line ${start + 1}, edited ${line + 1}: ${problem?.message}`);
    assert.ok(problem?.code);
    await edit('pde->size = ', 'pde->size = saved_command_line_len + 1;');
  });

  it('never rebooted', async () => {
    assert.equal(await inGuest('/proc/sys/kernel/random/boot_id'), bootId);
  });

  it('stops', async () => {
    await run('stopMachine', { machine: name });
    assert.notEqual((await lab.vmList(ctx())).find((candidate) => candidate.name === name)?.state, 'running');
  });

  it('proves the edit in a trial and opens the report', async () => {
    const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    const patch = join(editor.document.uri.fsPath.split('/source/')[0] ?? '', 'edited.patch');
    await editor.document.save();
    await run('buildAndLoad');
    writeFileSync(join(folder, 'cmdline.patch'), readFileSync(patch));
    writeFileSync(join(folder, 'cmdline.c'), reproducer);
    writeFileSync(join(folder, 'scenario.yaml'), scenario(machine.target));
    const summary = await run<TrialSummary>('runTrial', Uri.file(join(folder, 'scenario.yaml')));
    assert.equal(summary?.verdict, 'pass', summary?.reasons.join('; '));
    assert.equal(window.tabGroups.activeTabGroup.activeTab?.label, 'Report: pass');
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
  - title: cmdline
    file: cmdline.patch
    reproducer: cmdline.c
baselineMs: 500
soakMs: 500
control: none
`;

/** Exit 1: the old behaviour, 0: the new one. */
const reproducer = `#include <stdio.h>
#include <string.h>

int main(void)
{
	char text[4096] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file || !fgets(text, sizeof(text), file))
		return 2;
	printf("%s", text);
	return strstr(text, "livepatched") ? 0 : 1;
}
`;

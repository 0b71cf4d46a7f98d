// What the suites of the user interface share: the extension with the fake lab, and commands by name.

import assert from 'node:assert/strict';
import { commands, extensions, type TextEditor, type TreeDataProvider, type TreeItem } from 'vscode';
import { type CommandName, commandIds } from '../../../extension/src/contributions.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeGdb, fakeTarget } from '../fixtures/fake-facts.ts';
import { replaceText } from './replace-text.ts';

/** The file of the fake kernel tree. */
export const fakeFile = 'fs/binfmt_misc.c';

/** Activates the extension as its first command would. */
export async function openFakeWindow(): Promise<FakeExtension> {
  const extension = extensions.getExtension<FakeExtension>('livepatch-lab.livepatch-lab-vscode');
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

/** The same with nothing open and a lab that knows nothing. */
export async function freshFakeWindow(): Promise<FakeExtension> {
  const fake = await openFakeWindow();
  await commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  Object.assign(fake.lab, {
    machines: [],
    snapshots: [],
    patches: [],
    trials: [],
    lintFindings: [],
    targetFindings: [],
    prepared: true,
    scenarioFindings: [],
    scenarioError: undefined,
    patchFindings: [],
    imported: { outcome: 'applied', conflicts: [] },
    outcome: 'complete',
  });
  Object.assign(fake.lab, { failure: undefined, hold: undefined, transition: undefined });
  fake.lab.trialVerdict = () => 'pass';
  fake.lab.gdb = fakeGdb;
  fake.lab.judge = () => ({ verdict: 'built', reasons: [], functions: [] });
  fake.lab.calls.length = 0;
  fake.progress.length = 0;
  fake.answer = undefined;
  return fake;
}

/** Runs a command of the extension and returns what it returned. */
export function run<T>(name: CommandName, ...args: unknown[]): Thenable<T> {
  return commands.executeCommand<T>(commandIds[name], ...args);
}

/** What a view shows below a node, or at its top. */
export async function itemsOf<N>({ provider }: { provider: TreeDataProvider<N> }, node?: N): Promise<TreeItem[]> {
  const nodes = (await provider.getChildren(node)) ?? [];
  return Promise.all(nodes.map(async (child) => provider.getTreeItem(child)));
}

/** Label and description, as a table. */
export const textsOf = (items: readonly TreeItem[]) => items.map(({ label, description }) => [label, description]);

/** A working copy of the fake kernel's file with `text` on line 8 (1-based), not saved. */
export async function editFakeSource(text: string): Promise<TextEditor> {
  const editor = await run<TextEditor>('openSource', { target: fakeTarget, file: fakeFile });
  await replaceText(editor.document, editor.document.lineAt(7).range, text);
  return editor;
}

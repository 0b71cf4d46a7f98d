// What the suites of the user interface share: the extension with the fake lab, and commands by name.

import assert from 'node:assert/strict';
import { commands, extensions } from 'vscode';
import { type CommandName, commandIds } from '../../../extension/src/contributions.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';

/** Activates the extension as its first command would. */
export async function openFakeWindow(): Promise<FakeExtension> {
  const extension = extensions.getExtension<FakeExtension>('livepatch-lab.livepatch-lab-vscode');
  assert.ok(extension, 'the extension is installed');
  return extension.activate();
}

/** Runs a command of the extension and returns what it returned. */
export function run<T>(name: CommandName, ...args: unknown[]): Thenable<T> {
  return commands.executeCommand<T>(commandIds[name], ...args);
}

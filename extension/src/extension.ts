// What VS Code loads: the extension with the real lab.

import { join } from 'node:path';
import { type ExtensionContext, workspace } from 'vscode';
import { activateExtension, type Window } from './activate-extension.ts';
import { lazyLab } from './lazy-lab.ts';

/** Called by VS Code when a view or a command of the extension is first used. What it returns is for tests. */
export function activate(context: ExtensionContext): Window {
  const resource = (name: string) => join(context.extensionPath, 'dist', name);
  const [guest, profiles, examples] = [resource('guest'), resource('profiles'), resource('examples')];
  const resources = { guest, profiles, examples, selfcheck: resource('selfcheck'), kconfig: resource('kconfig') };
  // The extension host's own working directory is nobody's.
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? context.extensionPath;
  const load = async () => (await import('./lab-bundle.ts')).openLab({ resources, workspace: folder });
  return activateExtension(context, { openLab: () => lazyLab(load) });
}

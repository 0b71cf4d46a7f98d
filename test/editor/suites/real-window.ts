// What the suites with a real machine share: the extension as it is packed, the lab through the other door, and commands by name.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { commands, extensions, type TreeDataProvider } from 'vscode';
import { type Lab, type OpContext, openLab } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import { type CommandName, commandIds } from '../../../extension/src/contributions.ts';

export const minute = 60_000;
export const repository = process.env['LPL_REPOSITORY'] ?? '';

/** For what a machine does; long enough for any host. */
export const patiently = (): OpContext => ({
  signal: AbortSignal.timeout(5 * minute),
  emit: () => undefined,
  stage: '',
});

/** Activates the extension as its first command would. */
export async function openRealWindow(): Promise<{ lab: Lab; views: Window }> {
  const extension = extensions.getExtension<Window>('livepatch-lab.livepatch-lab-vscode');
  assert.ok(extension, 'the extension is installed');
  const [guest, none] = [join(repository, 'images/guest'), ''];
  const lab = openLab({ resources: { guest, profiles: none, kconfig: none, examples: none, selfcheck: none } });
  return { lab, views: await extension.activate() };
}

/** Name of the newest stock kernel, one that is prepared if there is any. */
export async function stockTarget(lab: Lab): Promise<string> {
  const targets = await lab.listTargets('debian:trixie/cloud-amd64', patiently());
  const target = (targets.find(({ prepared }) => prepared) ?? targets[0])?.name;
  assert.ok(target);
  return target;
}

/** Runs a command of the extension and returns what it returned. */
export function run<T>(command: CommandName, ...args: unknown[]): Thenable<T> {
  return commands.executeCommand<T>(commandIds[command], ...args);
}

/** What a script prints in the guest of that machine. */
export async function inGuest(lab: Lab, name: string, script: string): Promise<string> {
  const guest = await lab.vmGuest(name, patiently());
  return (await guest.script(script, patiently()).finally(() => guest.close())).stdout;
}

/** Labels and descriptions of all that a view shows, in order, down to the leaves. */
export async function shownIn<N>(view: { provider: TreeDataProvider<N> }, node?: N): Promise<string[]> {
  const nodes = (await view.provider.getChildren(node)) ?? [];
  const shown = nodes.map(async (child) => {
    const { label, description } = await view.provider.getTreeItem(child);
    return [`${label as string} ${description as string}`, ...(await shownIn(view, child))];
  });
  return (await Promise.all(shown)).flat();
}

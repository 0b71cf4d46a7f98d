// A window that goes in the middle of a transition: its extension host crashes (LPL_GOES=crash; the window after that is
// another run of this suite), or the window is reloaded, upon which VS Code runs this suite again. The machine lives on, the
// kernel ends the transition, and the views of the next window show both.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, extensions, type TextEditor, type TreeDataProvider, workspace } from 'vscode';
import { type Lab, type MachineStatus, openLab } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import { type CommandName, commandIds } from '../../../extension/src/contributions.ts';
import { until } from './until.ts';

const name = 'survivor';
const minute = 60_000;
const ctx = () => ({ signal: AbortSignal.timeout(5 * minute), emit: () => undefined, stage: '' });
const run = <T>(command: CommandName, ...args: unknown[]) => commands.executeCommand<T>(commandIds[command], ...args);

describe('a window that goes in the middle of a transition', function () {
  this.timeout(15 * minute);
  let lab: Lab;
  let views: Window;

  before(async () => {
    views = (await extensions.getExtension<Window>('livepatch-lab.livepatch-lab-vscode')?.activate()) as Window;
    const [guest, none] = [join(process.env['LPL_REPOSITORY'] ?? '', 'images/guest'), ''];
    lab = openLab({ resources: { guest, profiles: none, kconfig: none, examples: none, selfcheck: none } });
  });

  it('leaves its machine and its livepatch to the next', async () => {
    const gone = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'gone');
    const survivor = (await lab.vmList(ctx())).find((machine) => machine.name === name);
    if (survivor) await checkRecovered();
    if (existsSync(gone)) return;
    writeFileSync(gone, '');
    await beginTransition(survivor);
    if (process.env['LPL_GOES'] === 'crash') process.kill(process.pid, 'SIGKILL');
    void commands.executeCommand('workbench.action.reloadWindow');
    await new Promise(() => undefined);
  });

  /** Loads a change of a function that a task sleeps in: the kernel lets it be for fifteen seconds. */
  async function beginTransition(running: MachineStatus | undefined): Promise<void> {
    const [target] = (await lab.listTargets('debian:trixie/cloud-amd64', ctx())).filter(({ prepared }) => prepared);
    assert.ok(target);
    const machine = running ?? (await run<MachineStatus>('startMachine', { name, target: target.name }));
    const untilItWaits = 'until grep -q fifo_open /proc/$!/stack; do sleep 0.1; done';
    await inGuest(`[ -p /tmp/fifo ] || mkfifo /tmp/fifo; cat /tmp/fifo > /dev/null 2>&1 & ${untilItWaits}`);
    const editor = await run<TextEditor>('openSource', { target: machine.target, file: 'fs/pipe.c' });
    const { document } = editor;
    const at = document.positionAt(document.getText().indexOf('filp->private_data = pipe;'));
    await editor.edit((change) => change.insert(at, 'pr_info("a fifo is opened\\n");\n\t'));
    void run('buildAndLoad', { machine: name });
    await until('the transition', () => isInTransition(), 5 * minute);
  }

  async function checkRecovered(): Promise<void> {
    await until('the machine', async () =>
      (await shownIn(views.machines)).some((text) => text.startsWith(`${name} running`)),
    );
    const shown = async () => (await shownIn(views.livepatches)).join('; ');
    await until('the livepatch', async () => /livepatch_edit_\w+ (live|in transition)/.test(await shown()), 5 * minute);
    await until('the end of the transition', async () => !(await isInTransition()), 5 * minute);
    await until('the end of it in the view', async () => /livepatch_edit_\w+ live/.test(await shown()));
    assert.match(await inGuest('echo x > /tmp/fifo; dmesg'), /a fifo is opened/);
    const [livepatch] = await lab.klpStatus(name, ctx());
    await run('unloadLivepatch', { machine: name, module: livepatch?.name });
    assert.deepEqual(await lab.klpStatus(name, ctx()), []);
  }

  const isInTransition = async () => (await lab.klpStatus(name, ctx())).some(({ transition }) => transition);

  async function inGuest(script: string): Promise<string> {
    const guest = await lab.vmGuest(name, ctx());
    return (await guest.script(script, ctx()).finally(() => guest.close())).stdout;
  }
});

/** Labels and descriptions of what a view shows at its top. */
async function shownIn<N>({ provider }: { provider: TreeDataProvider<N> }): Promise<string[]> {
  const nodes = (await provider.getChildren()) ?? [];
  const items = await Promise.all(nodes.map(async (node) => provider.getTreeItem(node)));
  return items.map(({ label, description }) => `${label as string} ${description as string}`);
}

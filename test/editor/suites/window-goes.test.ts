// A window that goes in the middle of a transition: its extension host crashes (LPL_GOES=crash; the window after that is
// another run of this suite), or the window is reloaded, upon which VS Code runs this suite again. The machine lives on, the
// kernel ends the transition, and the views of the next window show both.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, Range, type TextEditor, workspace } from 'vscode';
import type { Lab, MachineStatus } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import type { AppliedEdit } from '../../../extension/src/livepatch/apply-edit.ts';
import { inGuest, minute, openRealWindow, patiently, run, shownIn, stockTarget } from './real-window.ts';
import { replaceText } from './replace-text.ts';
import { until } from './until.ts';

const name = 'survivor';

describe('a window that goes in the middle of a transition', function () {
  this.timeout(15 * minute);
  let lab: Lab;
  let views: Window;

  before(async () => {
    ({ lab, views } = await openRealWindow());
  });

  it('leaves its machine and its livepatch to the next', async () => {
    const gone = join(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', 'gone');
    const survivor = (await lab.vmList(patiently())).find((machine) => machine.name === name);
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
    const target = await stockTarget(lab);
    const machine = running ?? (await run<MachineStatus>('startMachine', { name, target }));
    const untilItWaits = 'until grep -q fifo_open /proc/$!/stack; do sleep 0.1; done';
    await inGuest(lab, name, `[ -p /tmp/fifo ] || mkfifo /tmp/fifo; cat /tmp/fifo > /dev/null 2>&1 & ${untilItWaits}`);
    const editor = await run<TextEditor>('openSource', { target: machine.target, file: 'fs/pipe.c' });
    const { document } = editor;
    const offset = document.getText().indexOf('filp->private_data = pipe;');
    assert.ok(offset >= 0, 'fs/pipe.c is as this test knows it');
    const at = document.positionAt(offset);
    await replaceText(document, new Range(at, at), 'pr_info("a fifo is opened\\n");\n\t');
    const ended = run<AppliedEdit | undefined>('buildAndLoad', { machine: name }).then((result) => {
      throw new Error(`no window saw a transition: ${JSON.stringify(result)}`);
    });
    await Promise.race([ended, until('the transition', isInTransition, 5 * minute)]);
  }

  async function checkRecovered(): Promise<void> {
    await until('the machine', async () =>
      (await shownIn(views.machines)).some((text) => text.startsWith(`${name} running`)),
    );
    const shown = async () => (await shownIn(views.livepatches)).join('; ');
    await until('the livepatch', async () => /livepatch_edit_\w+ (live|in transition)/.test(await shown()), 5 * minute);
    await until('the end of the transition', async () => !(await isInTransition()), 5 * minute);
    await until('the end of it in the view', async () => /livepatch_edit_\w+ live/.test(await shown()));
    assert.match(await inGuest(lab, name, 'echo x > /tmp/fifo; dmesg'), /a fifo is opened/);
    const [livepatch] = await lab.klpStatus(name, patiently());
    await run('unloadLivepatch', { machine: name, module: livepatch?.name });
    assert.deepEqual(await lab.klpStatus(name, patiently()), []);
  }

  const isInTransition = async () => (await lab.klpStatus(name, patiently())).some(({ transition }) => transition);
});

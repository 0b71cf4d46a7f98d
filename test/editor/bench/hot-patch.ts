// Hot patch on save with a real machine: from the save to the new behaviour as a user sees it over ssh, and to the last task.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commands, ConfigurationTarget, extensions, type TextEditor, workspace } from 'vscode';
import { type MachineStatus, openLab } from 'livepatch-lab';
import type { Window } from '../../../extension/src/activate-extension.ts';
import { commandIds } from '../../../extension/src/contributions.ts';
import { replaceText } from '../suites/replace-text.ts';
import { note } from './figures.ts';

const minute = 60_000;
const [name, file, repository] = ['bench1', 'fs/proc/cmdline.c', process.env['LPL_REPOSITORY'] ?? ''];
const count = Number(process.env['LPL_BENCH_COUNT'] ?? 5);

describe('hot patch on save', function () {
  this.timeout(10 * minute);

  it('from the save to the new behaviour', async () => {
    const views = (await extensions.getExtension<Window>('livepatch-lab.livepatch-lab-vscode')?.activate()) as Window;
    const lab = openLab({
      resources: { guest: join(repository, 'images/guest'), profiles: '', kconfig: '', examples: '', selfcheck: '' },
    });
    const ctx = () => ({ signal: AbortSignal.timeout(minute), emit: () => undefined, stage: '' });
    const targets = await lab.listTargets('debian:trixie/cloud-amd64', ctx());
    const target = (targets.find(({ prepared }) => prepared) ?? targets[0])?.name;
    const machine = await commands.executeCommand<MachineStatus>(commandIds.startMachine, { name, target });
    assert.equal(machine?.state, 'running');
    const editor = await commands.executeCommand<TextEditor>(commandIds.openSource, { target, file });
    const { document } = editor;
    const at = document.positionAt(document.getText().indexOf("seq_putc(m, '\\n');")).line;
    await workspace.getConfiguration('livepatchLab').update('hotPatchOnSave', true, ConfigurationTarget.Global);
    const guest = await lab.vmGuest(name, ctx());
    // The first build of a target fills its caches.
    for (let index = 0; index <= count; index++) {
      const said = ` hot=${index}`;
      await replaceText(document, document.lineAt(at).range, `\tseq_puts(m, "${said}\\n");`);
      const saved = performance.now();
      await document.save();
      const patched = views.hotPatch.idle().then(() => performance.now() - saved);
      while (!(await guest.exec(['cat', '/proc/cmdline'], ctx())).stdout.includes(said)) {
        assert.ok(performance.now() - saved < minute, 'the new behaviour came');
        await sleep(20);
      }
      const seen = performance.now() - saved;
      const all = await patched;
      if (index > 0) note('save to new behaviour in the guest', 'ms', seen);
      if (index > 0) note('save to every task patched', 'ms', all);
    }
    await guest.close();
  });
});

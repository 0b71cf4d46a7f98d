// What a thousand hot patches leave behind in the extension host, over the fake lab: the editor's own part of the loop.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ConfigurationTarget, workspace } from 'vscode';
import { fakeMachine, tracedFunction } from '../fixtures/fake-facts.ts';
import { editFakeSource, freshFakeWindow } from '../suites/fake-window.ts';
import { replaceText } from '../suites/replace-text.ts';
import { note } from './figures.ts';

const [warm, all] = [100, 1_000];

describe('memory', function () {
  this.timeout(15 * 60_000);

  it('after a thousand hot patches', async () => {
    const fake = await freshFakeWindow();
    fake.lab.machines = [fakeMachine('web1')];
    fake.lab.judge = () => ({ verdict: 'built', reasons: [], functions: [tracedFunction] });
    await workspace.getConfiguration('livepatchLab').update('hotPatchOnSave', true, ConfigurationTarget.Global);
    const editor = await editFakeSource('\treturn count;');
    const { document } = editor;
    let heap = 0;
    for (let index = 1; index <= all; index++) {
      await replaceText(document, document.lineAt(7).range, `\treturn count + ${index % 7};`);
      await document.save();
      await fake.hotPatch.idle();
      // What the fake remembers is no memory of the product.
      fake.lab.calls.length = fake.progress.length = 0;
      if (index === warm) heap = heapMiB();
    }
    note(`heap of the extension host after ${warm} hot patches`, 'MiB', heap);
    const after = heapMiB();
    note(`the same after ${all}`, 'MiB', after);
    note(`heap of the extension host: what hot patches ${warm} to ${all} add`, 'MiB', after - heap);
  });
});

/** After everything that can go has gone. */
function heapMiB(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

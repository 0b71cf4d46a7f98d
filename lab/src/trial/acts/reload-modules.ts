// The modules that a livepatch is about go and come while it is live: it must be in effect in those that come.

import type { OpContext } from '../../core/operation.ts';
import { readKlpStatus } from '../../klp/klp-status.ts';
import type { ActRequest } from './act-request.ts';
import type { ActSteps } from './act-steps.ts';
import { stageLivepatches } from './stage-livepatch.ts';

export async function reloadModules(request: ActRequest, steps: ActSteps, ctx: OpContext): Promise<void> {
  const { guest, patch, livepatch } = request;
  const stage = stageLivepatches(request, steps, ctx);
  const patched = async () => {
    const status = (await readKlpStatus(guest, ctx.signal)).find(({ name }) => name === livepatch.module);
    const names = patch.modules.map((module) => module.replaceAll('-', '_'));
    return (status?.objects ?? []).filter(({ name }) => names.includes(name)).map((object) => object.patched);
  };
  await stage.putIn(livepatch);
  await stage.shows('new', 'before they go');
  if ((await patched()).length === 0) steps.cannot('it patches none of them');
  for (const module of patch.modules.toReversed()) {
    const { exitCode, stderr } = await guest.exec(['modprobe', '-r', module], ctx);
    if (exitCode !== 0) steps.cannot(`${module} is there to stay: ${stderr.trim()}`);
  }
  steps.expect(
    'nothing of it is in effect without them',
    (await patched()).every((is) => !is),
  );
  for (const module of patch.modules) {
    const { exitCode, stderr } = await guest.exec(['modprobe', module], ctx);
    steps.expect(`${module} comes back${exitCode ? ` (${stderr.trim()})` : ''}`, exitCode === 0);
  }
  const again = await patched();
  steps.expect('it is in effect in those that came', again.length > 0 && again.every(Boolean));
  await stage.shows('new', 'in those that came');
  await stage.takeOut(livepatch);
  await stage.shows('old', 'once it is gone');
  steps.figures.push(`${patch.modules.join(', ')} went and came back patched`);
}

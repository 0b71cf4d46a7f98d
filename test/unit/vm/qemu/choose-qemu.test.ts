import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventBody } from '../../../../lab/src/core/event.ts';
import { chooseQemu, qemuProblem } from '../../../../lab/src/vm/qemu/choose-qemu.ts';

describe('the choice of QEMU', () => {
  let labRoot: string;
  before(async () => {
    labRoot = await mkdtemp(join(tmpdir(), 'lpl-qemu-'));
    await mkdir(join(labRoot, 'usr/bin'), { recursive: true });
    await writeFile(join(labRoot, 'usr/bin/qemu-system-x86_64'), '');
  });
  after(() => rm(labRoot, { recursive: true }));

  /** A program that says what QEMU says. */
  const saying = async (text: string) => {
    const path = join(labRoot, 'own-qemu');
    await writeFile(path, `#!/bin/sh\necho '${text}'\n`, { mode: 0o755 });
    return path;
  };
  const choose = async (wished: string | undefined) => {
    const events: EventBody[] = [];
    const ctx = {
      signal: new AbortController().signal,
      stage: '',
      emit: (event: EventBody) => void events.push(event),
    };
    const chosen = await chooseQemu({ wished, labRoot }, ctx);
    return { chosen, notes: events.flatMap((event) => (event.type === 'stage.end' && event.note ? [event.note] : [])) };
  };

  it('is the lab’s own, unless the user names another', async () => {
    assert.deepEqual(await choose(undefined), { chosen: undefined, notes: [] });
    const own = await saying('QEMU emulator version 10.1.2 (Debian 1:10.1.2+ds-1)');
    assert.deepEqual(await choose(own), { chosen: own, notes: [`10.1.2, ${own}`] });
  });

  it('avoids one that is known to be bad, and says why', async () => {
    const old = await saying('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u16)');
    const { chosen, notes } = await choose(old);
    assert.equal(chosen, undefined);
    assert.match(notes.join(), /^QEMU 7\.2\.22 is too old: .*one boot in five.*; using the lab's own$/);
    assert.equal(qemuProblem('10.0.0'), undefined);
    assert.match(qemuProblem('9.2.4') ?? '', /too old/);
  });

  it('says what is missing or no QEMU, and what to do', async () => {
    await assert.rejects(choose('/nowhere/qemu'), { code: 'qemu.not-found', message: /LPL_QEMU/, hint: /unset it/ });
    await assert.rejects(choose(await saying('hello')), {
      code: 'qemu.not-found',
      message: /is not QEMU: it says hello/,
    });
    await rm(join(labRoot, 'usr/bin/qemu-system-x86_64'));
    await assert.rejects(choose(undefined), { code: 'qemu.not-found', message: /lab's own QEMU is gone/ });
  });
});

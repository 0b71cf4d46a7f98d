import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireFreeSpace } from '../../../lab/src/core/disk-space.ts';
import { asLabError, LabError } from '../../../lab/src/core/error.ts';
import { identifyProcess, processAgeMs } from '../../../lab/src/core/host-process.ts';

describe('what was thrown', () => {
  const refused = (code: string, message: string, more: object) => Object.assign(new Error(message), { code, ...more });

  it('is told as the host’s when its file system refused', async () => {
    const readOnly = refused('EROFS', "EROFS: read-only file system, mkdir '/x/y'", { syscall: 'mkdir', path: '/x/y' });
    const { code, message, culprit } = asLabError(readOnly);
    assert.deepEqual([code, message, culprit], ['host.unwritable', 'mkdir /x/y: read-only file system', 'host']);
    const parents = refused('ENOENT', "ENOENT: no such file or directory, mkdir '/ro'", {
      syscall: 'mkdir',
      path: '/ro',
    });
    assert.equal(asLabError(parents).message, 'mkdir /ro: read-only file system');
    // A real one: a device that is always full.
    const full = await writeFile('/dev/full', 'x').catch((error: unknown) => asLabError(error));
    assert.ok(full);
    assert.deepEqual([full.code, full.message], ['host.no-space', 'write a file: no space left on device']);
  });

  it('is a bug of ours when nobody expected it, and stays what it was when we did', () => {
    assert.equal(asLabError(new TypeError('x is not a function')).code, 'bug');
    assert.equal(asLabError('just text').message, 'just text');
    const known = new LabError('vm.unknown', 'there is none');
    assert.equal(asLabError(known), known);
  });
});

describe('room on a disk', () => {
  it('is looked for where the directory will be, and its lack is told with both figures', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lpl-space-'));
    await requireFreeSpace(join(directory, 'not/yet/there'), 1, 'a test');
    await assert.rejects(requireFreeSpace(directory, 2 ** 40, 'a test'), {
      code: 'host.no-space',
      message: /^a test can take 1099511627776 MiB, .* has \d+ MiB free$/,
    });
    await rm(directory, { recursive: true });
  });
});

describe('the age of a process', () => {
  it('does not depend on the clock', () => {
    const self = identifyProcess(process.pid);
    assert.ok(self);
    const { now } = Date;
    Date.now = () => 0;
    try {
      assert.ok(Math.abs(processAgeMs(self) - process.uptime() * 1000) < 10_000);
    } finally {
      Date.now = now;
    }
  });
});

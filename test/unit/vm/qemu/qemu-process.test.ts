import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceFiles } from '../../../../lab/src/vm/instance/instance-files.ts';
import { startQemu } from '../../../../lab/src/vm/qemu/qemu-process.ts';

describe('a QEMU that ends at once', () => {
  let room: string;
  beforeEach(() => (room = mkdtempSync(join(tmpdir(), 'lpl-process-'))));
  afterEach(() => rmSync(room, { recursive: true }));

  const start = (script: string) => {
    const files = instanceFiles({ cache: room, state: room, runtime: room }, 'demo');
    mkdirSync(files.directory, { recursive: true });
    const onProcess = () => Promise.resolve();
    const argv = ['bash', '-c', script] as const;
    return startQemu({ argv, lifetime: 'throw-away', files, onProcess }, new AbortController().signal);
  };

  it('is quoted, though its words come after its end', () =>
    assert.rejects(start('{ sleep 0.2; echo "qemu: no such bus" >&2; } & exit 1'), {
      code: 'qemu.exited',
      message: /^QEMU of demo ended at once \(.*\): qemu: no such bus$/,
    }));

  it('may have had none', () =>
    assert.rejects(start('exit 1'), { code: 'qemu.exited', message: /ended at once \(.*\): without a word$/ }));
});

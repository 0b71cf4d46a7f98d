import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeJson } from '../../../lab/src/core/store.ts';
import { machineFiles } from '../../../lab/src/vm/machine-files.ts';
import { machineSnapshotFiles } from '../../../lab/src/vm/machine-snapshots.ts';
import { machineRecord, writeMachine } from '../../support/machine-record.ts';

/** The head of a qcow2 image (qemu: docs/interop/qcow2.txt): where the name of its backing file is, and how long. */
function qcow2(backing: string): Buffer {
  const head = Buffer.alloc(104 + backing.length);
  head.write('QFI\xfb', 'latin1');
  head.writeBigUInt64BE(backing ? 104n : 0n, 8);
  head.writeUInt32BE(backing.length, 16);
  head.write(backing, 104);
  return head;
}

describe('machineFiles', () => {
  let directory: string;
  const paths = () => ({ cache: join(directory, 'c'), state: join(directory, 's'), runtime: join(directory, 'r') });
  beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'lpl-machines-'))));
  afterEach(() => rm(directory, { recursive: true }));

  const boot = (kernel: string) => ({ ...machineRecord('any').boot, kernel });

  it('are those it boots, all that its root disk builds on, and those of its snapshots', async () => {
    const [overlay, base] = [join(directory, 'root.qcow2'), join(directory, 'base.qcow2')];
    await writeFile(overlay, qcow2(base));
    await writeFile(base, qcow2(''));
    const config = machineRecord('web1', { boot: { ...boot('/c/new'), rootDisk: overlay } });
    const files = await writeMachine(paths(), config);
    const { directory: snapshot, record } = machineSnapshotFiles(files, 'before');
    await mkdir(snapshot, { recursive: true });
    const saved = machineRecord('web1', { boot: boot('/c/old') });
    await writeJson(record, { label: 'before', at: 1, pausedMs: 1, config: saved, stateBytes: 0 });
    const found = await machineFiles(paths());
    assert.deepEqual(
      found.map(({ path }) => path).sort(),
      ['/c/initramfs', '/c/modules', '/c/new', '/c/old', '/c/root', base, overlay].sort(),
    );
    assert.deepEqual([...new Set(found.map(({ by }) => by))], ['machine web1']);
  });

  it('are none for a machine that is thrown away: its owner says what it reads, or is dead', async () => {
    await writeMachine(paths(), machineRecord('trial', { lifetime: 'throw-away' }));
    assert.deepEqual(await machineFiles(paths()), []);
  });

  it('are not guessed at for a machine of a newer lpl; one that nothing can start has none', async () => {
    const files = await writeMachine(paths(), machineRecord('web1'));
    await writeFile(files.config, '{');
    assert.deepEqual(await machineFiles(paths()), []);
    await writeFile(files.config, '{"schema": 99}');
    await assert.rejects(machineFiles(paths()), { code: 'state.newer-format' });
  });
});

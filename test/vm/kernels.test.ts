// Every kind of stock kernel boots in the tiny guest, with its disks, its network and all of its modules: the series of
// several suites, packages of the old and of the split form, drivers built in (cloud) and as modules (amd64).

import assert from 'node:assert/strict';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { ensureBootable, listTargets, resolveTarget } from '../../lab/src/kernel/prepare-kernel.ts';
import { formatTargetName } from '../../lab/src/kernel/target.ts';
import { readElfNote } from '../../lab/src/kernel/elf-note.ts';
import { pvhEntry } from '../../lab/src/vm/image/boot-image.ts';
import { readInstanceConfig } from '../../lab/src/vm/instance/instance-record.ts';
import { openCliLab } from '../support/lpl.ts';
import { operate } from '../support/operation.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

describe('stock kernels', () => {
  let lab: TestLab;
  before(async () => void (lab = await openTestLab()));
  after(() => lab.close());

  async function boots(name: string, release: RegExp): Promise<void> {
    const rooms = cacheRooms(lab.paths);
    const kernel = await operate(async (ctx) => ensureBootable(ctx, rooms, await resolveTarget(ctx, rooms, name)));
    assert.match(kernel.release, release);
    const machine = await startTestMachine(lab.paths, 'stock1', { kernel, start: 'cold' });
    try {
      const run = async (line: string) =>
        (await machine.guest.exec(['sh', '-c', line], { signal: new AbortController().signal, timeoutMs: 300_000 }))
          .stdout;
      assert.equal((await run('uname -r')).trim(), kernel.release);
      const config = await readInstanceConfig(machine.files);
      assert.ok(await readElfNote(config?.boot.kernel ?? '', pvhEntry), 'no stock kernel has to unpack itself');
      const modules = await run('modprobe nf_tables && cat /proc/modules');
      for (const name of ['nf_tables', 'pvpanic_pci', 'virtio_rng'])
        assert.match(modules, new RegExp(`^${name} `, 'm'));
      assert.equal(await run('ls -d /sys/kernel/livepatch'), '/sys/kernel/livepatch\n');
    } finally {
      await machine.stop();
      await machine.forget();
    }
  }

  it('6.1 of bookworm, as users start it, with the compiler of that suite', async () => {
    const cli = await openCliLab();
    try {
      const up = await cli.run('vm', 'up', 'stock61', '--target', 'debian:bookworm/cloud-amd64@6.1', '--cold');
      assert.equal(up.code, 0, up.stderr);
      assert.match(String(up.json['release']), /^6\.1\.0-\d+-cloud-amd64$/);
      const said = await cli.run('vm', 'ssh', 'stock61', 'uname -r; modprobe nf_tables && lsmod');
      assert.match(String(said.json['stdout']), new RegExp(`^${String(up.json['release'])}\n[^]*^nf_tables `, 'm'));
      assert.equal((await cli.run('vm', 'rm', 'stock61')).code, 0);
    } finally {
      await cli.close();
    }
  });

  it('6.12 of trixie, in a version before the newest', async () => {
    const suite = { suite: 'trixie', flavour: 'cloud-amd64' };
    // Just after a point release the mirror may have one version only.
    const [newest, older = newest] = await operate((ctx) => listTargets(ctx, cacheRooms(lab.paths), suite));
    assert.ok(older);
    await boots(formatTargetName(older.target), /^6\.12\.\d+\+deb13-cloud-amd64$/);
  });

  it('6.12 of trixie for real hardware, where even ext4 is a module', () =>
    boots('debian:trixie/amd64', /^6\.12\.\d+\+deb13-amd64$/));

  it('7.2 of trixie-backports, in the first split packages', () =>
    boots('debian:trixie-backports/cloud-amd64@7.2', /^7\.2\./));

  it('the newest of trixie-backports', () => boots('debian:trixie-backports/cloud-amd64', /^[7-9]\.\d/));
});

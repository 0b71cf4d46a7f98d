import assert from 'node:assert/strict';
import { requireRoom } from '../../../../lab/src/vm/admission/admission.ts';
import { readGuest } from '../../../../lab/src/vm/admission/live-guests.ts';
import { instanceFiles } from '../../../../lab/src/vm/instance/instance-files.ts';
import { qemuArgv } from '../../../../lab/src/vm/qemu/qemu-argv.ts';

const host = { cpus: 2, availableMiB: 8_000 };
const guest = (name: string, memoryMiB = 512, residentMiB = 150) => ({ name, cpus: 2, memoryMiB, residentMiB });
const wish = { name: 'new', cpus: 2, memoryMiB: 512 };

describe('admission', () => {
  it('lets eight ordinary machines onto two cores', () => {
    requireRoom(
      wish,
      Array.from({ length: 7 }, (_, index) => guest(`m${index}`)),
      host,
    );
  });

  it('refuses more memory than there is, and says what would fit beside what runs', () => {
    assert.throws(() => requireRoom({ ...wish, memoryMiB: 64_000 }, [guest('web1')], host), {
      code: 'host.no-room',
      message: 'no room for new with 64000 MiB: 30 CPUs and 7182 MiB would fit beside web1 (2 CPUs, 512 MiB)',
    });
  });

  it('counts memory that is promised but not touched yet', () => {
    requireRoom({ ...wish, memoryMiB: 4_000 }, [], host);
    assert.throws(() => requireRoom({ ...wish, memoryMiB: 4_000 }, [guest('big', 6_000, 200)], host), {
      code: 'host.no-room',
    });
    requireRoom({ ...wish, memoryMiB: 4_000 }, [guest('big', 6_000, 6_100)], host);
  });

  it('refuses CPUs beyond the stated factor', () => {
    requireRoom({ ...wish, cpus: 32 }, [], host);
    assert.throws(
      () => requireRoom({ ...wish, cpus: 33 }, [], host),
      /33 CPUs: 32 CPUs and .* beside no other machine/,
    );
    const full = Array.from({ length: 16 }, (_, index) => guest(`m${index}`, 64, 164));
    assert.throws(() => requireRoom(wish, full, host), /nothing more would fit beside m0/);
  });

  it('does not count the machine itself, which may be on its way out', () => {
    requireRoom({ ...wish, cpus: 32 }, [guest('new')], host);
  });
});

describe('live guests', () => {
  it('are told by the command line that the lab gives its QEMUs, and no other', () => {
    const files = instanceFiles({ cache: '/c', state: '/s', runtime: '/r' }, 'demo');
    const machine = {
      name: 'demo',
      accelerator: 'tcg',
      ...{ cpus: 3, memoryMiB: 768, kernel: '/k', initramfs: '/i' },
      ...{
        commandLine: [],
        modulesDisk: '/m',
        hasRootDisk: false,
        forwards: [],
        network: 'closed' as const,
        incoming: false,
      },
      ram: { kind: 'private', path: '/s/ram' },
    } as const;
    assert.deepEqual(
      readGuest(qemuArgv('/root', machine, files), () => 7),
      [{ name: 'demo', cpus: 3, memoryMiB: 768, residentMiB: 7 }],
    );
    assert.deepEqual(
      readGuest(['qemu-system-x86_64', '-name', 'guest=other', '-m', '512'], () => 7),
      [],
    );
    assert.deepEqual(
      readGuest([], () => 7),
      [],
    );
  });
});

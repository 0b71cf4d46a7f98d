import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { checkForwards } from '../../../lab/src/vm/qemu/forwards.ts';
import { gdbArgv } from '../../../lab/src/vm/gdb-stub.ts';
import { parseSmapsRollup } from '../../../lab/src/vm/qemu/memory-use.ts';

describe('memory of a machine', () => {
  it('is told by smaps_rollup: what it shares and what is its own', () => {
    // /proc/PID/smaps_rollup of a QEMU that was restored from a snapshot, Linux 6.1.
    const text = `55d0c0a00000-7ffd8c5e5000 ---p 00000000 00:00 0                          [rollup]
Rss:              131072 kB
Pss:              110000 kB
Pss_Dirty:         90000 kB
Shared_Clean:      25600 kB
Shared_Dirty:          0 kB
Private_Clean:      5472 kB
Private_Dirty:    100000 kB
`;
    assert.deepEqual(parseSmapsRollup(text), {
      residentBytes: 131_072 * 1024,
      privateBytes: 105_472 * 1024,
      sharedBytes: 25_600 * 1024,
    });
  });
});

describe('forwards', () => {
  let server: Server;
  let port: number;
  before(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  it('to a taken port, or twice to one, are refused by name', async () => {
    await assert.rejects(checkForwards([{ host: port, guest: 80 }]), {
      code: 'usage.invalid',
      message: `port ${port} of 127.0.0.1 is taken`,
    });
    server.close();
    await new Promise((resolve) => server.once('close', resolve));
    const forward = { host: port, guest: 80 };
    await checkForwards([forward]);
    await assert.rejects(checkForwards([forward, forward]), {
      message: `port ${port} of 127.0.0.1 is asked for twice`,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});

describe('the line for gdb', () => {
  it('has symbols where KASLR has put them', () => {
    const vmlinux = { path: '/my linux/vmlinux', offset: '0x1f200000' };
    assert.deepEqual(gdbArgv({ socket: '/r/gdb.sock', vmlinux }), [
      'gdb',
      ...['-q', '-iex', 'set pagination off', '-ex', 'set architecture i386:x86-64'],
      ...['-ex', 'symbol-file -o 0x1f200000 "/my linux/vmlinux"'],
      ...['-ex', 'target remote /r/gdb.sock'],
    ]);
  });
});

import assert from 'node:assert/strict';
import { instanceFiles } from '../../../../lab/src/vm/instance/instance-files.ts';
import { parseSharedObjects } from '../../../../lab/src/vm/qemu/lab-root.ts';
import { baseCommandLine, launchArgv, qemuArgv } from '../../../../lab/src/vm/qemu/qemu-argv.ts';
import { parseUsernet } from '../../../../lab/src/vm/qemu/usernet.ts';

const paths = { cache: '/c', state: '/s', runtime: '/r' };
const machine = {
  name: 'demo',
  accelerator: 'tcg',
  cpus: 2,
  memoryMiB: 512,
  kernel: '/k/kernel',
  initramfs: '/i/initramfs.cpio',
  commandLine: baseCommandLine,
  modulesDisk: '/i/modules.ext4',
  hasRootDisk: false,
  forwards: [],
  network: 'closed',
  ram: { kind: 'own' },
  incoming: false,
} as const;

describe('QEMU argv', () => {
  const files = instanceFiles(paths, 'demo');
  const argv = qemuArgv('/root', machine, files);

  it('is this', () => {
    assert.deepEqual(argv.join(' ').split(/ (?=-)/), [
      '/root/usr/lib64/ld-linux-x86-64.so.2',
      '--library-path /root/usr/lib/x86_64-linux-gnu /root/usr/bin/qemu-system-x86_64',
      '-L /root/usr/share/qemu',
      '-L /root/usr/share/seabios',
      '-L /root/usr/lib/ipxe/qemu',
      '-accel tcg,thread=multi',
      '-machine pc,memory-backend=ram',
      '-cpu max',
      '-smp 2',
      '-m 512',
      '-name guest=lpl-demo,process=lpl-demo,debug-threads=on',
      '-nodefaults',
      '-no-user-config',
      '-display none',
      '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
      '-object memory-backend-ram,id=ram,size=512M',
      '-kernel /k/kernel',
      '-initrd /i/initramfs.cpio',
      '-append console=ttyS0 quiet panic=-1 edd=off cryptomgr.notests',
      '-d cpu_reset',
      '-D /s/vms/demo/cpu.log',
      '-action panic=none,reboot=shutdown,shutdown=poweroff',
      '-netdev user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22,hostfwd=tcp:127.0.0.1:0-:7000',
      '-device virtio-net-pci,netdev=net,romfile=',
      '-object rng-random,id=rng,filename=/dev/urandom',
      '-device virtio-rng-pci,rng=rng',
      '-device pvpanic-pci',
      '-device vmgenid,guid=auto',
      '-blockdev driver=raw,node-name=parcel,read-only=on,file.driver=file,file.filename=/s/vms/demo/parcel.img',
      '-device virtio-blk-pci,drive=parcel,serial=lpl-parcel',
      '-blockdev driver=raw,node-name=modules,read-only=on,file.driver=file,file.filename=/i/modules.ext4',
      '-device virtio-blk-pci,drive=modules,serial=lpl-modules',
      '-chardev socket,id=terminal0,path=/r/demo/console0.sock,server=on,wait=off',
      '-chardev socket,id=terminal1,path=/r/demo/console1.sock,server=on,wait=off',
      '-chardev socket,id=terminal2,path=/r/demo/console2.sock,server=on,wait=off',
      '-chardev hub,id=console,chardevs.0=terminal0,chardevs.1=terminal1,chardevs.2=terminal2,logfile=/r/demo/console.fifo,logappend=on',
      '-serial chardev:console',
      '-qmp unix:/r/demo/qmp.sock,server=on,wait=off',
      '-qmp unix:/r/demo/watch0.sock,server=on,wait=off',
      '-qmp unix:/r/demo/watch1.sock,server=on,wait=off',
      '-qmp unix:/r/demo/watch2.sock,server=on,wait=off',
    ]);
  });

  it('never forwards beyond the loopback, and lets the guest out nowhere', () => {
    const network = argv[argv.indexOf('-netdev') + 1] ?? '';
    assert.ok(network.includes('restrict=on'));
    for (const [forward] of network.matchAll(/hostfwd=[^,]*/g)) assert.match(forward, /^hostfwd=tcp:127\.0\.0\.1:0-/);
  });

  it('lets the guest out when asked, and still nobody in', () => {
    const open = qemuArgv('/root', { ...machine, network: 'open' }, files);
    assert.match(
      open[open.indexOf('-netdev') + 1] ?? '',
      /^user,id=net,restrict=off,(hostfwd=tcp:127\.0\.0\.1:0-:\d+,?)+$/,
    );
  });

  it('takes what KVM has when KVM works', () => {
    const kvm = qemuArgv('/root', { ...machine, accelerator: 'kvm', cpusInTurns: true }, files).join(' ');
    assert.match(kvm, /-accel kvm .*-cpu host /);
  });

  it('runs the CPUs of a guest one after the other when it is told to', () => {
    assert.match(qemuArgv('/root', { ...machine, cpusInTurns: true }, files).join(' '), /-accel tcg,thread=single /);
  });

  it('doubles commas in paths', () => {
    const odd = instanceFiles({ ...paths, runtime: '/r,x' }, 'demo');
    assert.ok(qemuArgv('/root', machine, odd).some((word) => word.startsWith('unix:/r,,x/demo/qmp.sock,server=on')));
  });

  it('goes on from a state with the memory of the snapshot mapped, never written', () => {
    const restored = { ...machine, ram: { kind: 'private', path: '/s,n/ram' }, incoming: true } as const;
    const text = qemuArgv('/root', restored, files).join(' ');
    assert.match(text, /-object memory-backend-file,id=ram,size=512M,mem-path=\/s,,n\/ram,share=off /);
    assert.match(text, / -S -incoming defer /);
  });

  it('writes only to the overlay of a root disk', () => {
    const text = qemuArgv('/root', { ...machine, hasRootDisk: true }, files).join(' ');
    assert.match(
      text,
      /driver=qcow2,node-name=root,read-only=off,file.driver=file,file.filename=\/s\/vms\/demo\/root.qcow2/,
    );
    for (const id of ['parcel', 'modules']) assert.match(text, new RegExp(`node-name=${id},read-only=on`));
  });

  it('binds a throw-away machine to its owner and detaches a kept one', () => {
    assert.deepEqual(launchArgv('/root', argv, 'throw-away', files).slice(0, 5), [
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
      argv[0],
    ]);
    const kept = launchArgv('/root', argv, 'kept', files).join(' ');
    assert.match(
      kept,
      /^\/root\/usr\/bin\/busybox start-stop-daemon -S -b -m -p \/s\/vms\/demo\/qemu\.pid -O \/s\/vms\/demo\/qemu\.log -a \/root\/usr\/lib64\/ld-linux-x86-64\.so\.2 -- --library-path/,
    );
  });
});

describe('instance names', () => {
  for (const name of ['..', '../x', 'a/b', '', 'A', '-x', 'x'.repeat(33), 'a b', 'x\n'])
    it(`refuses ${JSON.stringify(name)}`, () =>
      assert.throws(() => instanceFiles(paths, name), { code: 'usage.invalid' }));

  it('refuses a runtime directory that makes sockets too long', () => {
    assert.throws(() => instanceFiles({ ...paths, runtime: `/${'r'.repeat(100)}` }, 'demo'), /longer than 107 bytes/);
  });
});

describe('what QEMU and ld.so print', () => {
  it('tells the ports of forwards', () => {
    // human-monitor-command "info usernet", QEMU 10.0.13.
    const text = `Hub -1 (net):\r
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r
  TCP[ESTABLISHED]   27       127.0.0.1 42689       10.0.2.15    22     0     0\r
  TCP[HOST_FORWARD]  19       127.0.0.1 38117       10.0.2.15  7000     0     0\r
  TCP[HOST_FORWARD]  18       127.0.0.1 42689       10.0.2.15    22     0     0\r
`;
    assert.deepEqual(
      [...parseUsernet(text)],
      [
        [7000, 38117],
        [22, 42689],
      ],
    );
  });

  it('tells the shared objects of a program', () => {
    // ld.so --list of dropbear 2025.88 in a trixie root.
    const text = `\tlinux-vdso.so.1 (0x00007f850ff16000)
\tlibz.so.1 => /root/usr/lib/x86_64-linux-gnu/libz.so.1 (0x00007f850fdaf000)
\t/lib64/ld-linux-x86-64.so.2 => /root/usr/lib64/ld-linux-x86-64.so.2 (0x00007f850ff18000)
`;
    assert.deepEqual(parseSharedObjects(text), [
      { name: 'libz.so.1', path: '/root/usr/lib/x86_64-linux-gnu/libz.so.1' },
      { name: '/lib64/ld-linux-x86-64.so.2', path: '/root/usr/lib64/ld-linux-x86-64.so.2' },
    ]);
  });
});

// A peer in the same run: virtme-ng booting a stock kernel to a command, without KVM. It needs a kernel with 9p (Debian's
// `amd64` flavour; the cloud flavour has none), a root file system with udev to serve it from (its script ports are found
// by udev), and Python on the host. It runs on the lab's own QEMU.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureArtefact } from '../../lab/src/core/artefact.ts';
import { type OpContext, runStage } from '../../lab/src/core/operation.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { runCommand } from '../../lab/src/core/process.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { waitUntil } from '../../lab/src/core/wait.ts';
import { prepareToBoot, resolveBootTarget } from '../../lab/src/kernel/boot-target.ts';
import type { BootableKernel } from '../../lab/src/kernel/target.ts';
import { ensureRoot, type RootRecipe } from '../../lab/src/toolroot/extracted-root.ts';
import { openPackageView } from '../../lab/src/toolroot/package-view.ts';
import { labQemuArgv, labRootArgv } from '../../lab/src/vm/qemu/lab-root.ts';
import { operate } from '../support/operation.ts';
import { measure, type Row } from './measure.ts';

const rooms = cacheRooms(labPaths());

/** Everything that virtme-ng's init wants of the file system it is given, and virtme-ng itself. */
const recipe: RootRecipe = {
  label: 'virtme-root',
  suite: 'trixie',
  packages: [
    ...['base-files', 'bash', 'dash', 'coreutils', 'sed', 'grep', 'mawk', 'findutils', 'hostname', 'iproute2'],
    ...['mount', 'util-linux', 'kmod', 'udev', 'systemd-sysv'],
  ],
  alone: ['virtme-ng'],
  links: { 'usr/bin/awk': 'mawk' },
};

type Virtme = { kernel: BootableKernel; labRoot: string; root: string; modules: string };

export async function benchVirtme(count: number): Promise<Row[]> {
  const virtme = await operate(prepare);
  const tools = await makeTools(virtme);
  try {
    return [
      await measure(`virtme-ng, cold boot of ${virtme.kernel.release} to a command, 9p`, count, () =>
        bootToCommand(virtme, tools),
      ),
    ];
  } finally {
    await rm(tools, { recursive: true });
  }
}

async function prepare(ctx: OpContext): Promise<Virtme> {
  const target = await resolveBootTarget(ctx, { paths: labPaths(), rooms }, 'debian:trixie/amd64');
  const { bootable: kernel, labRoot } = await prepareToBoot(ctx, rooms, target);
  return runStage(ctx, { id: 'virtme', title: 'virtme-ng' }, async (stage) => {
    const root = await ensureRoot(stage, rooms.roots, recipe, (inner) =>
      openPackageView(inner, rooms.packages, 'trixie'),
    );
    const request = { room: rooms.kernels, label: 'virtme-modules', inputs: { modules: kernel.modulesDir } };
    const modules = await ensureArtefact(stage, request, async (directory) => {
      const where = join(directory, 'lib/modules');
      await mkdir(where, { recursive: true });
      await runCommand({ argv: ['cp', '-r', kernel.modulesDir, where] }, stage);
      await runCommand({ argv: labRootArgv(labRoot, 'usr/sbin/depmod', '-b', directory, kernel.release) }, stage);
    });
    return { kernel, labRoot, root, modules: join(modules, 'lib/modules') };
  });
}

/** QEMU, modprobe and busybox of the lab root under the names that virtme-ng calls. */
async function makeTools({ labRoot }: Virtme): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lpl-virtme-'));
  const wrap = (name: string, argv: readonly string[]) =>
    writeFile(join(directory, name), `#!/bin/sh\nexec ${argv.join(' ')} "$@"\n`, { mode: 0o755 });
  await wrap('qemu-system-x86_64', labQemuArgv(labRoot, undefined, []));
  await wrap('modprobe', labRootArgv(labRoot, 'usr/sbin/modprobe'));
  await symlink(join(labRoot, 'usr/bin/busybox'), join(directory, 'busybox'));
  return directory;
}

/** Resolves when the command in the guest has answered; then all of it is ended. */
async function bootToCommand({ kernel, root, modules }: Virtme, tools: string): Promise<void> {
  const words = [
    ...['--dev-bind', '/', '/', '--die-with-parent', '--tmpfs', '/lib/modules'],
    ...['--ro-bind', join(modules, kernel.release), `/lib/modules/${kernel.release}`],
    ...['--ro-bind', modules, join(root, 'usr/lib/modules')],
    ...['--', 'python3', '-m', 'virtme.commands.run', '--kimg', kernel.vmlinuz, '--root', root, '--mods=auto'],
    ...['--disable-kvm', '--disable-microvm', '--force-9p', '--no-virtme-ng-init', '--memory', '512M', '--cpus', '2'],
    ...['--qemu-bin', join(tools, 'qemu-system-x86_64'), '--busybox', join(tools, 'busybox')],
    ...['--script-sh', 'uname -r'],
  ];
  const python = join(root, 'usr/lib/python3/dist-packages');
  const env = { ...process.env, PYTHONPATH: python, PATH: `${tools}:${process.env['PATH']}` };
  // Into a file: virtme-ng opens its standard streams anew, which the sockets of a node pipe do not allow.
  const said = join(tools, 'said');
  const file = await open(said, 'w');
  const child = spawn('bwrap', words, { env, cwd: '/tmp', stdio: ['ignore', file.fd, file.fd] });
  try {
    const wait = {
      what: 'the command in the guest',
      timeoutMs: 180_000,
      intervalMs: 20,
      signal: AbortSignal.timeout(200_000),
    };
    await waitUntil(wait, async () => {
      const text = await readFile(said, 'utf8');
      if (text.split(/\r?\n/).includes(kernel.release)) return true;
      if (child.exitCode !== null) throw new Error(`virtme-ng ended without an answer: ${text.slice(-500)}`);
      return undefined;
    });
  } finally {
    child.kill('SIGKILL');
    await file.close();
  }
}

// The tiny guest: one initramfs with busybox, dropbear, the target's own modules that lead to its disks, and the lab's
// agent. Nothing in it is secret or particular to a machine, so it is cached by content; all other modules come on the
// modules disk (modules-disk.ts), keys in the parcel.

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ensureArtefact } from '../../core/artefact.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import type { BootableKernel } from '../../kernel/target.ts';
import { type CpioEntry, parentDirectories, writeCpio } from './cpio.ts';
import {
  bootModules,
  type GuestModule,
  optionalBootModules,
  readGuestModules,
  writeModuleIndexes,
} from './guest-modules.ts';
import { listSharedObjectsArgv, parseSharedObjects } from '../qemu/lab-root.ts';

export type TinyGuest = {
  kernel: BootableKernel;
  labRoot: string;
  /** Directory of guest recipes: `images/guest` of the repository. */
  recipes: string;
  /** The lab's static guest agent, put at /bin/lpl-agent. */
  agent?: Uint8Array;
};

/** Path of the cached archive; `imagesDir` is where images are cached. */
export async function ensureTinyInitramfs(guest: TinyGuest, imagesDir: string, ctx: StageContext): Promise<string> {
  const scripts = await Promise.all(
    recipeFiles.map(async ({ name, ...where }) => ({ ...where, content: await readFile(join(guest.recipes, name)) })),
  );
  const inputs = {
    format: 5,
    kernel: guest.kernel.artefact,
    labRoot: basename(guest.labRoot),
    recipes: scripts.map(({ content }) => digest(content)),
    agent: guest.agent ? digest(guest.agent) : null,
  };
  const request = { room: imagesDir, label: `tiny-${guest.kernel.release}`, inputs };
  const directory = await ensureArtefact(ctx, request, async (temporary) => {
    ctx.waiting('modules to be unpacked');
    const wanted = {
      names: bootModules,
      optional: optionalBootModules,
      scratch: join(temporary, 'modules'),
    };
    const modules = await readGuestModules({ ...guest, ...wanted }, ctx);
    const entries = [...(await programEntries(guest, ctx)), ...moduleEntries(guest.kernel.release, modules)];
    entries.push(...scripts);
    if (guest.agent) entries.push({ path: 'bin/lpl-agent', mode: 0o755, content: guest.agent });
    const directories = parentDirectories([
      ...entries.map((entry) => entry.path),
      ...mountPoints.map((path) => `${path}/.`),
    ]);
    await writeFile(
      join(temporary, 'initramfs.cpio'),
      writeCpio([{ path: '.', directory: true }, ...directories, ...entries]),
    );
  });
  return join(directory, 'initramfs.cpio');
}

/** `enter-root` is for profiles with a root disk: the kernel is told to begin there. */
const recipeFiles = [
  { name: 'inittab', path: 'etc/inittab', mode: 0o644 },
  { name: 'rc', path: 'etc/rc', mode: 0o755 },
  { name: 'enter-root', path: 'enter-root', mode: 0o755 },
];

const mountPoints = ['proc', 'sys', 'dev', 'tmp', 'run', 'root', 'var/log', 'etc/lpl'];

async function programEntries({ labRoot }: TinyGuest, ctx: StageContext): Promise<CpioEntry[]> {
  const busybox = join(labRoot, 'usr/bin/busybox');
  const dropbear = 'usr/sbin/dropbear';
  const [applets, objects] = await Promise.all([
    runCommand({ argv: [busybox, '--list'] }, ctx),
    runCommand(
      { argv: listSharedObjectsArgv(labRoot, dropbear), parse: ({ stdout }) => parseSharedObjects(stdout) },
      ctx,
    ),
  ]);
  const links = applets.stdout
    .split('\n')
    .filter((name) => name && name !== 'busybox')
    .map((name): CpioEntry => ({ path: `bin/${name}`, linkTo: 'busybox' }));
  const libraries = objects.map(async ({ name, path }): Promise<CpioEntry> => {
    const inside = name.startsWith('/') ? name.slice(1) : `lib/x86_64-linux-gnu/${name}`;
    return { path: inside, mode: 0o755, content: await readFile(path) };
  });
  return [
    { path: 'bin/busybox', mode: 0o755, content: await readFile(busybox) },
    ...links,
    { path: 'init', linkTo: 'bin/busybox' },
    { path: 'sbin', linkTo: 'bin' },
    { path: 'bin/dropbear', mode: 0o755, content: await readFile(join(labRoot, dropbear)) },
    ...(await Promise.all(libraries)),
    {
      path: 'etc/passwd',
      mode: 0o644,
      content: Buffer.from('root::0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n'),
    },
    { path: 'etc/group', mode: 0o644, content: Buffer.from('root:x:0:\ntty:x:5:\nuser:x:1000:\n') },
    { path: 'etc/shells', mode: 0o644, content: Buffer.from('/bin/sh\n') },
    { path: 'dev/console', mode: 0o600, charDevice: [5, 1] },
  ];
}

function moduleEntries(release: string, modules: readonly GuestModule[]): CpioEntry[] {
  const root = `lib/modules/${release}`;
  const { dep, alias } = writeModuleIndexes(modules);
  return [
    ...modules.map(({ path, content }): CpioEntry => ({ path: `${root}/${path}`, mode: 0o644, content })),
    { path: `${root}/modules.dep`, mode: 0o644, content: Buffer.from(dep) },
    { path: `${root}/modules.alias`, mode: 0o644, content: Buffer.from(alias) },
    { path: 'etc/lpl/modules', mode: 0o644, content: Buffer.from(loadable(modules)) },
  ];
}

function loadable(modules: readonly GuestModule[]): string {
  const present = new Set(modules.map(({ name }) => name));
  const names = [...bootModules, ...optionalBootModules];
  return `${names.filter((name) => present.has(name)).join('\n')}\n`;
}

function digest(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

// Makes a Debian root file system and the disk it lies on, without privileges: mmdebstrap in a sandbox whose user
// namespace has one user, with fakeroot for the owners that such a namespace lacks; then mke2fs from the tarball, then
// qcow2. Nothing is ever mounted, and there is never a root directory on the host to delete by mistake.

import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Argv } from '../../core/command.ts';
import { LabError } from '../../core/error.ts';
import { requireFreeSpace } from '../../core/disk-space.ts';
import type { OpContext, StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { fetchPackages } from '../../toolroot/fetch-packages.ts';
import { requireNamespaceRoot } from '../../toolroot/host-check.ts';
import type { OpenPackageView } from '../../toolroot/package-view.ts';
import { inToolroot } from '../../toolroot/sandbox.ts';
import { explainFailure } from './image-failure.ts';
import { labRootArgv } from '../qemu/lab-root.ts';
import type { DebianProfile } from './profile.ts';

export type BaseImageBuild = {
  profile: DebianProfile;
  labRoot: string;
  /** Directory of guest recipes: `images/guest` of the repository. */
  recipes: string;
  /** Opened when first needed. */
  view: OpenPackageView;
  /** Root with mmdebstrap of the profile's suite. */
  imageRoot: (ctx: OpContext) => Promise<string>;
};

/** The ssh server of every guest: dropbear, as in the tiny guest, so that there is one way up and one form of host key. */
const always = ['?essential', 'dropbear-bin'];
/** Beside what the profile omits; the licences stay. */
const neverUnpacked = ['/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*', '/usr/share/doc/*/changelog*'];
/** Stamp of all files, so that the same packages make the same image: the day of trixie's release. */
const epoch = '1754697600';
/** Packages, their tarball, the disk and its qcow2, while it is made. */
const scratchMiB = 2048;
const buildMs = 20 * 60_000;

/**
 * Writes the qcow2 image `image`; uses `scratch`, which it removes. Throws `host.missing-tool` (no user namespaces),
 * `host.no-space`, `packages.unavailable`, or `image.failed` with what mmdebstrap said.
 */
export async function buildBaseImage(
  build: BaseImageBuild,
  { image, scratch }: { image: string; scratch: string },
  ctx: StageContext,
): Promise<void> {
  await requireNamespaceRoot(ctx, `the image of profile ${build.profile.name}`);
  await mkdir(scratch, { recursive: true });
  await requireFreeSpace(scratch, scratchMiB, `making the image of profile ${build.profile.name}`);
  try {
    const tarball = await installPackages(build, scratch, ctx);
    ctx.waiting('mke2fs');
    const raw = join(scratch, 'disk.raw');
    const environment = { MKE2FS_CONFIG: join(build.labRoot, 'etc/mke2fs.conf'), SOURCE_DATE_EPOCH: epoch };
    await runCommand({ argv: mke2fsArgv(build, tarball, raw), env: environment }, ctx);
    ctx.waiting('qemu-img');
    const convert = ['convert', '-f', 'raw', '-O', 'qcow2', raw, `${image}.part`];
    await runCommand({ argv: labRootArgv(build.labRoot, 'usr/bin/qemu-img', ...convert) }, ctx);
    await chmod(`${image}.part`, 0o444);
    await rename(`${image}.part`, image);
  } catch (error) {
    throw explainFailure(build.profile, error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Returns the path of the tarball. */
async function installPackages(build: BaseImageBuild, scratch: string, ctx: StageContext): Promise<string> {
  const { profile } = build;
  const [view, root] = [await build.view(ctx), await build.imageRoot(ctx)];
  const inside = (name: string) => join(scratch, name);
  const debs = await fetchPackages(
    ctx,
    view,
    [...always, ...profile.packages],
    'with-dependencies',
    inside('packages'),
  );
  for (const name of ['out', 'tmp', 'files', 'hooks']) await mkdir(inside(name));
  await layFiles(profile, inside('files'));
  for (const hook of await readdir(join(build.recipes, 'hooks'))) {
    await copyFile(join(build.recipes, 'hooks', hook), join(inside('hooks'), hook));
    // However the recipes were installed; mmdebstrap passes over a hook that is no program.
    await chmod(join(inside('hooks'), hook), 0o755);
  }
  const binds = [
    ...['packages', 'files', 'hooks'].map((name) => ({
      host: inside(name),
      inside: `/${name}`,
      access: 'read' as const,
    })),
    ...['out', 'tmp'].map((name) => ({ host: inside(name), inside: `/${name}`, access: 'write' as const })),
    { host: join(root, 'var'), inside: '/var', access: 'read' as const },
    { host: view.lists, inside: '/lists', access: 'read' as const },
    { host: view.sources, inside: '/sources.list', access: 'read' as const },
  ];
  const toolroot = { path: root, compiler: '' };
  // Without the attempt that the kernel refuses: the other owners are not there in this user namespace.
  const env = { SOURCE_DATE_EPOCH: epoch, FAKEROOTDONTTRYCHOWN: '1' };
  const command = inToolroot({ argv: mmdebstrapArgv(profile) }, { toolroot, binds, env, user: 'namespace-root' });
  ctx.waiting(`${debs.length} packages to be installed`);
  let done = 0;
  const onLine = (text: string) => {
    ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
    // Verbose mmdebstrap passes on what dpkg says of each package.
    if (/^(Unpacking|Setting up) /.test(text)) ctx.progress(++done, 2 * debs.length, 'tasks');
  };
  await runCommand(command, { signal: ctx.signal, timeoutMs: buildMs, onLine });
  return join(inside('out'), 'root.tar');
}

/** Pure. `custom`: nothing but what is asked for; apt stays outside. Nothing is mounted into the new root. */
export function mmdebstrapArgv({ suite, packages, omit }: DebianProfile): Argv {
  return [
    ...(['fakeroot-sysv', '--', 'mmdebstrap', '--mode=root', '--variant=custom', '--format=tar', '--verbose'] as const),
    '--skip=update,check/signed-by,chroot/mount',
    ...[...always, ...packages].map((name) => `--include=${name}`),
    // A crash while the image is made leaves no image: syncing each file would only cost time.
    '--dpkgopt=force-unsafe-io',
    ...[...neverUnpacked, ...omit].map((path) => `--dpkgopt=path-exclude=${path}`),
    ...['--hook-dir=/hooks', suite, '/out/root.tar', '/sources.list'],
  ];
}

/** Without metadata checksums: old kernels have crc32c as one more module to be loaded first. One UUID: overlays differ. */
function mke2fsArgv({ labRoot, profile }: BaseImageBuild, tarball: string, raw: string): Argv {
  const uuid = '6c706c2d-726f-4f74-8000-000000000000';
  const format = ['-t', 'ext4', '-O', '^metadata_csum', '-m', '0', '-L', 'lpl-root', '-U', uuid];
  const content = ['-E', `hash_seed=${uuid}`, '-d', tarball];
  return labRootArgv(labRoot, 'usr/sbin/mke2fs', '-q', ...format, ...content, raw, `${profile.diskMiB}M`);
}

async function layFiles(profile: DebianProfile, directory: string): Promise<void> {
  for (const { path, mode, content, from } of profile.files) {
    const target = join(directory, path);
    await mkdir(join(target, '..'), { recursive: true });
    await writeFile(target, content ?? (await readUserFile(profile, from ?? '')), { mode: parseInt(mode, 8) });
    await chmod(target, parseInt(mode, 8));
  }
}

/** Throws `image.invalid` when it cannot be read. */
export async function readUserFile(profile: DebianProfile, path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new LabError('image.invalid', `${profile.path}: ${path} cannot be read (${error.code})`, { cause: error });
  });
}

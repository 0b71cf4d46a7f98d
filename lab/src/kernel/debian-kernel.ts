// A stock Debian kernel made ready: image and modules to boot, headers for its facts, source and prepared O= directory to
// build for it. Each is an artefact of its own, so whoever needs only to boot waits only for the image.

import { copyFile, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { artefactPath, ensureArtefact } from '../core/artefact.ts';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { unpackPackage } from '../toolroot/extracted-root.ts';
import { fetchPackages } from '../toolroot/fetch-packages.ts';
import type { OpenPackageView, PackageView } from '../toolroot/package-view.ts';
import { inToolroot, type Toolroot } from '../toolroot/sandbox.ts';
import type { StockKernel } from './catalog.ts';
import { kbuildArgv } from './kbuild.ts';
import { type BootableKernel, formatTargetName } from './target.ts';

export type KernelRoom = { room: string; open: OpenPackageView };

/**
 * The image and its modules, unpacked: enough to boot. From 7.x on the image lies beside the modules, not in /boot. Throws
 * `kernel.unsupported` when the packages bring none.
 */
export async function ensureImage(
  ctx: OpContext,
  { room, open }: KernelRoom,
  kernel: StockKernel,
): Promise<BootableKernel> {
  const path = await runStage(ctx, { id: 'image', title: `kernel image ${kernel.release}` }, (stage) =>
    ensureArtefact(stage, { room, label: `image-${kernel.release}`, inputs: kernel.image }, async (directory) => {
      await unpackAll(stage, await open(stage), kernel.image, directory);
      // Packages of releases before usr-merge put modules into /lib.
      await mkdir(join(directory, 'usr/lib'), { recursive: true });
      if ((await readdir(directory)).includes('lib'))
        await rename(join(directory, 'lib/modules'), join(directory, 'usr/lib/modules'));
    }),
  );
  const modulesDir = join(path, 'usr/lib/modules', kernel.release);
  const vmlinuz = await firstFile(join(path, 'boot', `vmlinuz-${kernel.release}`), join(modulesDir, 'vmlinuz'));
  if (!vmlinuz) throw new LabError('kernel.unsupported', `${kernel.image.join(', ')}: no kernel image in them`);
  const name = formatTargetName(kernel.target);
  return { name, release: kernel.release, artefact: basename(path), vmlinuz, modulesDir };
}

/** The headers package of the flavour: configuration, Module.symvers, utsrelease.h. Returns its directory. */
export async function ensureHeaders(ctx: OpContext, { room, open }: KernelRoom, kernel: StockKernel): Promise<string> {
  const path = await runStage(ctx, { id: 'headers', title: 'headers and symbol versions' }, (stage) =>
    ensureArtefact(stage, { room, label: `headers-${kernel.release}`, inputs: kernel.headers }, async (directory) =>
      unpackAll(stage, await open(stage), [kernel.headers], directory),
    ),
  );
  return join(path, 'usr/src', `linux-headers-${kernel.release}`);
}

/** The pristine source of exactly that version, as Debian ships it with its patches applied. */
export async function ensureSource(ctx: OpContext, { room, open }: KernelRoom, kernel: StockKernel): Promise<string> {
  const label = `source-${kernel.target.version}`;
  return runStage(ctx, { id: 'source', title: `kernel source ${kernel.target.version}` }, (stage) =>
    ensureArtefact(stage, { room, label, inputs: kernel.source }, async (directory) => {
      const scratch = join(directory, '.package');
      await unpackAll(stage, await open(stage), [kernel.source], scratch);
      const archives = await readdir(join(scratch, 'usr/src'));
      const archive = archives.find((name) => name.endsWith('.tar.xz'));
      if (!archive) throw new LabError('kernel.unsupported', `${kernel.source} holds no source archive`);
      stage.waiting('unpacking the source');
      const tar = ['tar', '-x', '--xz', '--strip-components=1', '-C', directory, '-f'] as const;
      await runCommand({ argv: [...tar, join(scratch, 'usr/src', archive)] }, { signal: stage.signal });
      await rm(scratch, { recursive: true });
    }),
  );
}

/**
 * The O= directory as `make modules_prepare` leaves it, with the stock configuration and Module.symvers. Throws
 * `kernel.unsupported` when compiler, configuration or release turn out not to be those of the stock kernel.
 */
export async function ensureBuildTree(
  ctx: OpContext,
  room: string,
  given: { release: string; headers: string; source: string; toolroot: Toolroot },
): Promise<string> {
  const { headers, source, toolroot } = given;
  const inputs = { headers: basename(headers), source: basename(source), toolroot: basename(toolroot.path), format: 3 };
  const request = { room, label: `build-tree-${given.release}`, inputs };
  return runStage(ctx, { id: 'build-tree', title: 'build directory for the stock configuration' }, (stage) =>
    ensureArtefact(stage, request, async (directory) => {
      await checkCompiler(stage, toolroot, join(headers, '.config'));
      await takeConfiguration(headers, directory);
      stage.waiting('make modules_prepare');
      await make(stage, given, { host: directory, inside: artefactPath(request) }, 'modules_prepare');
      await checkConfiguration(headers, directory);
      await checkRelease(headers, directory);
      await copyFile(join(headers, 'Module.symvers'), join(directory, 'Module.symvers'));
    }),
  );
}

/** What kconfig makes of .config, and Debian ships with it. rustc_cfg came with 6.1. */
const configured = ['include/config/auto.conf', 'include/generated/autoconf.h', 'include/generated/rustc_cfg'];

/**
 * The configuration as the stock kernel's own build made it. kconfig is not asked again: for every tool that it misses here
 * (rustc, pahole) it would silently drop options, and with them fields of struct module.
 */
async function takeConfiguration(headers: string, directory: string): Promise<void> {
  await cp(join(headers, '.config'), join(directory, '.config'), { preserveTimestamps: true });
  for (const name of ['include/config', 'include/generated']) await mkdir(join(directory, name), { recursive: true });
  for (const name of configured)
    if (await isFile(join(headers, name))) await copyFile(join(headers, name), join(directory, name));
  // It lists what auto.conf depends on; without it make would ask kconfig.
  await writeFile(join(directory, 'include/config/auto.conf.cmd'), '');
}

async function make(
  ctx: StageContext,
  { toolroot, source, release }: { toolroot: Toolroot; source: string; release: string },
  output: { host: string; inside: string },
  goal: string,
) {
  const argv = kbuildArgv(source, release, '-j2', `O=${output.inside}`, goal);
  const binds = [{ host: source, access: 'read' } as const, { ...output, access: 'write' } as const];
  await runCommand(inToolroot({ argv }, { toolroot, binds }), {
    signal: ctx.signal,
    onLine: (text) => ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage }),
  });
}

/** CONFIG_CC_VERSION_TEXT ends in the compiler's own version text; the driver's name before it may differ. */
async function checkCompiler(ctx: StageContext, toolroot: Toolroot, config: string): Promise<void> {
  const wanted = /CONFIG_CC_VERSION_TEXT="\S+ (.*)"/.exec(await readFile(config, 'utf8'))?.[1];
  const { stdout } = await runCommand(inToolroot({ argv: ['gcc', '--version'] }, { toolroot, binds: [] }), {
    signal: ctx.signal,
  });
  const have = stdout.split('\n')[0]?.replace(/^\S+ /, '');
  if (wanted === have) return;
  throw new LabError('kernel.unsupported', `the kernel was built with ${wanted}, the toolroot has ${have}`, {
    hint: 'choose another version of the target; `lpl target ls` shows them',
  });
}

/** make asks kconfig all the same when it thinks that .config is newer than what it made of it. */
async function checkConfiguration(headers: string, directory: string): Promise<void> {
  const options = async (root: string) =>
    new Set((await readFile(join(root, 'include/generated/autoconf.h'), 'utf8')).split('\n').filter(Boolean));
  const [wanted, have] = await Promise.all([options(headers), options(directory)]);
  const lost = [...wanted].filter((line) => !have.has(line));
  if (lost.length === 0 && wanted.size === have.size) return;
  throw new LabError(
    'kernel.unsupported',
    `kbuild changed the stock configuration: ${lost.slice(0, 3).join(', ')} lost`,
    {
      details: { lost },
    },
  );
}

/** UTS_RELEASE is compiled into vermagic and into whatever prints it. */
async function checkRelease(headers: string, directory: string): Promise<void> {
  const name = 'include/generated/utsrelease.h';
  const read = async (path: string) => /UTS_RELEASE "(.*)"/.exec(await readFile(join(path, name), 'utf8'))?.[1];
  const [wanted, have] = await Promise.all([read(headers), read(directory)]);
  if (wanted !== have)
    throw new LabError('kernel.unsupported', `the headers say ${wanted}, the prepared build directory ${have}`);
}

async function firstFile(...paths: string[]): Promise<string | undefined> {
  for (const path of paths) if (await isFile(path)) return path;
  return undefined;
}

const isFile = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function unpackAll(ctx: StageContext, view: PackageView, packages: string[], directory: string): Promise<void> {
  const debs = join(directory, '.debs');
  const files = await fetchPackages(ctx, view, packages, 'alone', debs);
  ctx.waiting('unpacking');
  for (const file of files) await unpackPackage(ctx, file, directory);
  await rm(debs, { recursive: true });
}

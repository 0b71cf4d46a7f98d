// A kernel that the lab builds itself, from the source package of a stock one and a configuration fragment. What comes out is
// the O= directory that kbuild leaves: a target like a developer's own tree.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { artefactPath, ensureArtefact } from '../core/artefact.ts';
import { requireFreeSpace } from '../core/disk-space.ts';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage, runTogether, type StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { CacheRooms } from '../core/rooms.ts';
import { inToolroot, type Toolroot } from '../toolroot/sandbox.ts';
import { ensureStockSource, ensureToolroot, resolveTarget } from './prepare-kernel.ts';
import { fragmentOptions, ignoredOptions, kconfigText, type KernelFragment, lacksVersions } from './kernel-fragment.ts';

export type KernelRequest = {
  /** Name of the stock kernel whose source and compiler are taken. */
  from: string;
  fragment: KernelFragment;
  /** Directory for the tree; in the cache when absent. */
  out?: string;
};

/**
 * Path of the tree. Throws `usage.invalid` when `out` is there and not empty, and as resolveTarget and buildKernel do. Rejects
 * with `command.failed` when it does not compile.
 */
export async function makeKernel(ctx: OpContext, rooms: CacheRooms, request: KernelRequest): Promise<string> {
  const { fragment, out } = request;
  if (out !== undefined) await requireEmpty(out);
  const stock = await resolveTarget(ctx, rooms, request.from);
  const [toolroot, source] = await runTogether(ctx, [
    (inner) => ensureToolroot(inner, rooms, stock),
    (inner) => ensureStockSource(inner, rooms, stock),
  ]);
  const { version } = stock.target;
  const tree = await buildKernel(ctx, { room: rooms.kernels, version, source, toolroot, fragment });
  if (out === undefined) return tree;
  return runStage(ctx, { id: 'out', title: `copy to ${out}` }, async (stage) => {
    await mkdir(out, { recursive: true });
    await runCommand({ argv: ['cp', '-a', '--reflink=auto', `${tree}/.`, out] }, { signal: stage.signal });
    return out;
  });
}

async function requireEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length > 0)
    throw new LabError('usage.invalid', `${directory} is not empty`, {
      hint: 'choose a directory that is not there yet',
    });
}

type KernelBuild = {
  /** Where kernels are cached. */
  room: string;
  /** Of the source, for people. */
  version: string;
  /** Pristine source. */
  source: string;
  toolroot: Toolroot;
  fragment: KernelFragment;
};

const hourMs = 3600_000;
/** Measured: the tiny kernel takes 300 MB. */
const neededMiB = 1024;

/**
 * Path of the tree, from the cache or built now (5.5 minutes for `tiny` on two cores). Rejects with `kernel.unsupported` when
 * this kernel cannot be configured as the fragment says, before anything is compiled.
 */
async function buildKernel(ctx: OpContext, build: KernelBuild): Promise<string> {
  const { room, version, source, toolroot, fragment } = build;
  const inputs = {
    source: basename(source),
    toolroot: basename(toolroot.path),
    options: fragmentOptions(fragment.text),
    format: 1,
  };
  const request = { room, label: `kernel-${version}-${fragment.name}`, inputs };
  return runStage(ctx, { id: 'kernel', title: `kernel ${version} configured as ${fragment.name}` }, (stage) =>
    ensureArtefact(stage, request, async (host) => {
      // Paths recorded in the tree are those it will have once published.
      const make = openMake(stage, build, { host, inside: artefactPath(request) });
      await requireFreeSpace(room, neededMiB, `a kernel of ${version}`);
      stage.waiting('kconfig');
      await writeFile(join(host, 'fragment.config'), kconfigText(fragment));
      await make(['KCONFIG_ALLCONFIG=fragment.config', 'allnoconfig']);
      requireHonoured(fragment, await readFile(join(host, '.config'), 'utf8'), version);
      await compile(stage, make);
    }),
  );
}

type Make = (words: readonly string[], onLine?: (line: string) => void) => Promise<unknown>;

function openMake(ctx: StageContext, build: KernelBuild, output: { host: string; inside: string }): Make {
  const { source, toolroot } = build;
  const binds = [{ host: source, access: 'read' } as const, { ...output, access: 'write' } as const];
  // Without a user of that name kbuild's `whoami` complains.
  const env = { KBUILD_BUILD_USER: 'lpl', KBUILD_BUILD_HOST: 'lpl' };
  return (words, onLine) => {
    const argv = ['make', '-C', source, `O=${output.inside}`, 'CC=gcc', 'HOSTCC=gcc', ...words] as const;
    const options = { signal: ctx.signal, timeoutMs: hourMs, ...(onLine ? { onLine } : {}) };
    return runCommand(inToolroot({ argv }, { toolroot, binds, env }), options);
  };
}

async function compile(stage: StageContext, make: Make): Promise<void> {
  let made = 0;
  await make([`-j${availableParallelism()}`, 'bzImage', 'modules'], (text) => {
    stage.emit({ type: 'line', from: 'build', text, stage: stage.stage });
    const step = /^ {2}([A-Z]+) +(?:\[M\] +)?(\S+)$/.exec(text);
    if (step?.[1] === 'CC' || step?.[1] === 'AS') stage.progress(++made, undefined, 'files');
    if (step?.[1] === 'LD' || step?.[1] === 'BTF') stage.waiting(`${step[1]} ${step[2]}`);
  });
  stage.note(`${made} objects`);
}

function requireHonoured(fragment: KernelFragment, config: string, version: string): void {
  if (lacksVersions(config))
    throw new LabError('kernel.unsupported', `${version} configured as ${fragment.path} says could load no module`, {
      hint: 'MODVERSIONS needs CONFIG_BASIC_MODVERSIONS=y as well on this kernel: add it to the fragment',
    });
  const ignored = ignoredOptions(fragment.text, config);
  if (ignored.length === 0) return;
  const shown =
    ignored.length > 4 ? `${ignored.slice(0, 4).join(', ')} and ${ignored.length - 4} more` : ignored.join(', ');
  throw new LabError('kernel.unsupported', `${version} cannot be configured as ${fragment.path} says: ${shown}`, {
    hint: 'set what they depend on as well (`make menuconfig`, key `/`, tells), or leave them out',
    details: { ignored },
  });
}

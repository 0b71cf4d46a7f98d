// The reference object of a translation unit: what kbuild makes of the pristine source with the target's own flags. kbuild
// makes it once, for many units in one go when it is asked to; its recorded command serves every later compilation. A
// developer's own tree has it.

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { LabError } from '../../core/error.ts';
import { withLock } from '../../core/lock.ts';
import type { StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { readConfiguredObjects } from '../../kernel/configured-objects.ts';
import { kbuildArgv } from '../../kernel/kbuild.ts';
import { notBuilt } from '../../kernel/own-tree.ts';
import { newestThan } from '../../kernel/stale-object.ts';
import { type KbuildCommand, parseCmdFile } from './kbuild-command.ts';
import { withToolchain, type Workbench } from '../workbench.ts';

/** Makes the object, copies it to `out`. Returns its command, or undefined when kbuild makes no such object. */
export async function makeReference(
  ctx: StageContext,
  bench: Workbench,
  { path, out }: { path: string; out: string },
): Promise<KbuildCommand | undefined> {
  await makeReferences(ctx, bench, [path]);
  const object = (await readConfiguredObjects(bench.kernel.objects)).objects.get(path);
  if (object === undefined) return undefined;
  const isOwn = bench.kernel.kind === 'tree';
  if (isOwn) await requireCurrent(bench.kernel, object);
  else if ((await verdictOn(bench, object)) !== 'made') return undefined;
  const { file, record } = filesOf(bench, object);
  await copyFile(file, out);
  return parseCmdFile(await readFile(record, 'utf8'));
}

/**
 * One run of kbuild for the objects of all these units, those that it cannot make passed over. Starting kbuild takes
 * longer than compiling most units: a sweep over a kernel lives on this.
 */
export async function makeReferences(ctx: StageContext, bench: Workbench, paths: readonly string[]): Promise<void> {
  if (bench.kernel.kind === 'tree') return;
  const configured = await readConfiguredObjects(bench.kernel.objects);
  const objects = paths.flatMap((path) => configured.objects.get(path) ?? []);
  const isNew = async (object: string) => ((await verdictOn(bench, object)) === undefined ? [object] : []);
  const news = async () => (await Promise.all(objects.map(isNew))).flat();
  if ((await news()).length === 0) return;
  const onWait = (holder: string) => ctx.waiting(`the build tree, in use by ${holder}`);
  await withLock(bench.tree, { signal: ctx.signal, waitMs: 600_000, onWait }, async () => {
    // Whoever held the lock until now may have made them.
    const wanted = await news();
    if (wanted.length === 0) return;
    // A kbuild that was killed may have left an object without the last part of its record, and would not mend it.
    for (const { file, record } of wanted.map((object) => filesOf(bench, object)))
      await Promise.all([file, record].map((left) => rm(left, { force: true })));
    const stderr = await runMake(ctx, bench, wanted);
    const failed = failedObjects(stderr);
    for (const object of wanted) {
      const isMade = await readFile(filesOf(bench, object).record).then(Boolean, () => false);
      if (!failed.has(object) && !isMade)
        throw new LabError('build.failed', `kbuild makes no ${object}`, { details: { stderr } });
      await keepVerdict(bench, object, failed.has(object) ? 'impossible' : 'made');
    }
  });
}

/** Throws `kernel.unsupported` when the object of an own tree is older than what it is made of. */
export async function requireCurrent(kernel: Workbench['kernel'], object: string): Promise<void> {
  const newer = await newestThan(kernel, object);
  if (newer !== undefined) throw notBuilt(kernel.buildTree, `${newer} is newer than ${object}`);
}

type Verdict = 'made' | 'impossible';

/** In the bench's tree. `verdict` is ours: written last, it says that kbuild is done with this object. */
function filesOf({ tree }: Workbench, object: string) {
  const file = join(tree, object);
  const beside = join(dirname(file), `.${basename(file)}`);
  return { file, record: `${beside}.cmd`, verdict: `${beside}.lpl` };
}

async function verdictOn(bench: Workbench, object: string): Promise<Verdict | undefined> {
  const text = await readFile(filesOf(bench, object).verdict, 'utf8').catch(() => undefined);
  return text === 'made' || text === 'impossible' ? text : undefined;
}

async function keepVerdict(bench: Workbench, object: string, text: Verdict): Promise<void> {
  const { verdict } = filesOf(bench, object);
  await mkdir(dirname(verdict), { recursive: true });
  await writeFile(verdict, text);
}

/** Returns what make said on stderr, if it could not make all of them. Throws when the host is at fault. */
async function runMake(ctx: StageContext, bench: Workbench, objects: readonly string[]): Promise<string> {
  const { source, buildTree, release } = bench.kernel;
  const jobs = `-j${Math.min(objects.length, availableParallelism())}`;
  const argv = kbuildArgv(source, release, `O=${buildTree}`, '-k', jobs, ...objects);
  const command = { ...withToolchain(bench, { argv, tree: 'write' }), okCodes: [0, 2] };
  const { stdout, stderr, exitCode } = await runCommand(command, { signal: ctx.signal });
  if (exitCode !== 0) {
    if (!stderr.includes('No space left on device')) return stderr;
    throw new LabError('host.no-space', `no space left for the objects in ${bench.tree}`, { hint: 'free some space' });
  }
  // Told only now: an attempt that may fail must not look like a failure.
  for (const text of `${stdout}\n${stderr}`.split('\n'))
    if (text) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  return '';
}

/** Which objects kbuild could not make. */
export function failedObjects(stderr: string): Set<string> {
  const said = /No rule to make target '([^']+)'|^make\S*: \*\*\* \[[^\]]*: ([^\s\]]+)\] Error/gm;
  return new Set([...stderr.matchAll(said)].map(([, missing, broken]) => missing ?? broken ?? ''));
}

// The reference object of a translation unit: what kbuild makes of the pristine source with the target's own flags. kbuild
// makes it once, for many units in one go when it is asked to; its recorded command serves every later compilation. A
// developer's own tree has it.

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { LabError } from '../../core/error.ts';
import { hostRefusal } from '../../core/host-refusal.ts';
import { withLock } from '../../core/lock.ts';
import type { StageContext } from '../../core/operation.ts';
import { commandFailed, runCommand } from '../../core/process.ts';
import { readConfiguredObjects } from '../../kernel/configured-objects.ts';
import { kbuildArgv } from '../../kernel/kbuild.ts';
import { notBuilt } from '../../kernel/own-tree.ts';
import { newestThan } from '../../kernel/stale-object.ts';
import { readCompilerMessages } from './compiler-messages.ts';
import { type KbuildCommand, parseCmdFile } from './kbuild-command.ts';
import { withToolchain, type Workbench } from '../workbench.ts';

/**
 * Makes the object, copies it to `out`. Returns its command, or undefined when kbuild makes no such object. Throws
 * `build.failed` with the compiler's words when the source of the target does not compile, or as makeReferences does.
 */
export async function makeReference(
  ctx: StageContext,
  bench: Workbench,
  { path, out }: { path: string; out: string },
): Promise<KbuildCommand | undefined> {
  const broken = await makeReferences(ctx, bench, [path]);
  const object = (await readConfiguredObjects(bench.kernel.objects)).objects.get(path);
  if (object === undefined) return undefined;
  const stderr = broken.get(object);
  if (stderr !== undefined) throw doesNotCompile(path, stderr);
  const isOwn = bench.kernel.kind === 'tree';
  if (isOwn) await requireCurrent(bench.kernel, object);
  else if ((await verdictOn(bench, object)) !== 'made') return undefined;
  const { file, record } = filesOf(bench, object);
  await copyFile(file, out);
  return parseCmdFile(await readFile(record, 'utf8'));
}

/** Says it of the pristine source: the patch is not to blame. */
export function doesNotCompile(path: string, stderr: string): LabError {
  const first = readCompilerMessages(stderr).find(({ severity }) => severity === 'error');
  const why = first ? `${basename(first.file)}:${first.line}: ${first.text}` : stderr.trim().split('\n')[0];
  return new LabError('build.failed', `${path} of the target does not compile: ${why}`, { details: { stderr } });
}

/** What kbuild said, by each object that did not compile. */
export type BrokenObjects = ReadonlyMap<string, string>;

/**
 * One run of kbuild for the objects of all these units, those that it cannot make passed over. Starting kbuild takes
 * longer than compiling most units: a sweep over a kernel lives on this. Throws what the host is to blame for.
 */
export async function makeReferences(
  ctx: StageContext,
  bench: Workbench,
  paths: readonly string[],
): Promise<BrokenObjects> {
  const broken = new Map<string, string>();
  if (bench.kernel.kind === 'tree') return broken;
  const configured = await readConfiguredObjects(bench.kernel.objects);
  const objects = paths.flatMap((path) => configured.objects.get(path) ?? []);
  const isNew = async (object: string) => ((await verdictOn(bench, object)) === undefined ? [object] : []);
  const news = async () => (await Promise.all(objects.map(isNew))).flat();
  if ((await news()).length === 0) return broken;
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
      const failure = failed.get(object);
      const isMade = await readFile(filesOf(bench, object).record).then(Boolean, () => false);
      if (failure === undefined && !isMade)
        throw new LabError('build.failed', `kbuild makes no ${object}`, { details: { stderr } });
      // What did not compile is tried again: that it never will is more than one attempt can say.
      if (failure === 'broken') broken.set(object, stderr);
      else await keepVerdict(bench, object, failure ?? 'made');
    }
  });
  return broken;
}

/** Throws `kernel.unsupported` when the object of an own tree is older than what it is made of. */
export async function requireCurrent(kernel: Workbench['kernel'], object: string): Promise<void> {
  const newer = await newestThan(kernel, object);
  if (newer !== undefined) throw notBuilt(kernel.buildTree, `${newer} is newer than ${object}`);
}

type Verdict = 'made' | 'no-rule';

/** In the bench's tree. `verdict` is ours: written last, it says that kbuild is done with this object. */
function filesOf({ tree }: Workbench, object: string) {
  const file = join(tree, object);
  const beside = join(dirname(file), `.${basename(file)}`);
  return { file, record: `${beside}.cmd`, verdict: `${beside}.lpl` };
}

async function verdictOn(bench: Workbench, object: string): Promise<Verdict | undefined> {
  const text = await readFile(filesOf(bench, object).verdict, 'utf8').catch(() => undefined);
  return text === 'made' || text === 'no-rule' ? text : undefined;
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
  const output = await runCommand(command, { signal: ctx.signal });
  const { stdout, stderr, exitCode } = output;
  if (exitCode !== 0) {
    if (hostRefusal(stderr)) throw commandFailed(command, output);
    return stderr;
  }
  // Told only now: an attempt that may fail must not look like a failure.
  for (const text of `${stdout}\n${stderr}`.split('\n'))
    if (text) ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  return '';
}

/** What kbuild could not make: it knows no rule for it, or the compiler did not get through. */
export function failedObjects(stderr: string): Map<string, 'no-rule' | 'broken'> {
  const said = /No rule to make target '([^']+)'|^make\S*: \*\*\* \[[^\]]*: ([^\s\]]+)\] /gm;
  return new Map(
    [...stderr.matchAll(said)].map(([, missing, broken = '']) =>
      missing === undefined ? [broken, 'broken'] : [missing, 'no-rule'],
    ),
  );
}

// The units in which two source trees differ, each as a patch of its own: what happened between two stable releases, cut
// into livepatches.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eachLimited } from '../core/each-limited.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { lintPath } from '../patch/lint-path.ts';

const atOnce = 16;

/** Paths of the C files that both trees have, but not alike; without those that are no code of the kernel (tools, samples). */
export async function differingUnits(ctx: StageContext, from: string, to: string): Promise<string[]> {
  const names = (await readdir(from, { recursive: true })).filter(
    (path) => path.endsWith('.c') && lintPath(path).kind !== 'aside',
  );
  const differing: string[] = [];
  let done = 0;
  await eachLimited(names, atOnce, async (path) => {
    ctx.signal.throwIfAborted();
    if (await differs(join(from, path), join(to, path))) differing.push(path);
    done += 1;
    if (done % 500 === 0) ctx.progress(done, names.length, 'files');
  });
  return differing.sort();
}

async function differs(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b).catch(() => undefined)]);
  if (!one.isFile() || !other?.isFile()) return false;
  if (one.size !== other.size) return true;
  return !(await readFile(a)).equals(await readFile(b));
}

/** The difference as a unified diff against the kernel tree. */
export async function differenceOf(ctx: StageContext, path: string, from: string, to: string): Promise<string> {
  const labels = ['--label', `a/${path}`, '--label', `b/${path}`];
  const { stdout } = await runCommand(
    { argv: ['diff', '-u', ...labels, join(from, path), join(to, path)], okCodes: [1] },
    { signal: ctx.signal },
  );
  return stdout;
}

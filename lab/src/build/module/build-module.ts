// Engine module: a livepatch that somebody wrote by hand in C (as samples/livepatch of the kernel), compiled against the
// target by kbuild, and then held against the target like any other.

import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isLabError } from '../../core/error.ts';
import { withLock } from '../../core/lock.ts';
import { type OpContext, runStage, type StageContext } from '../../core/operation.ts';
import { runCommand } from '../../core/process.ts';
import { readElf } from '../../kernel/elf.ts';
import { compilerWords, kbuildArgv } from '../../kernel/kbuild.ts';
import { modinfoValues } from '../../kernel/module-metadata.ts';
import type { BuildRequest } from '../build-livepatch.ts';
import { checkModule } from '../check/check-module.ts';
import { readCompilerMessages } from '../compile/compiler-messages.ts';
import { keepModule } from '../keep-module.ts';
import { ensureBuildFacts } from '../kernel-facts.ts';
import { moduleNameFor } from '../module-name.ts';
import { readObjtoolWarnings } from '../compile/objtool.ts';
import { type Refused, refused } from '../refused.ts';
import { reason } from '../reason.ts';
import type { BuildResult, PatchedFunction } from '../result.ts';
import { withScratch } from '../scratch.ts';
import { recordStages } from '../stage-recorder.ts';
import { inside, openWorkbench, withToolchain, type Workbench } from '../workbench.ts';
import { checkReplaced } from './check-replaced.ts';
import { readKlpTables } from './klp-tables.ts';

/** `patch` is the C source, `patchName` its file name. A livepatch that cannot work is a result with reasons. */
export async function buildModule(request: BuildRequest, ctx: OpContext): Promise<BuildResult> {
  const recorder = recordStages(ctx);
  const file = basename(request.patchName);
  const moduleName = moduleNameFor(file) ?? '';
  const choice = `module: ${file} is a livepatch written by hand, compiled by kbuild for ${request.kernel.release}`;
  const common = { engine: 'module', choice, moduleName, stages: recorder.stages } as const;
  const built = moduleName
    ? await build(recorder.ctx, request, { file, moduleName })
    : refused(reason('NP16', { name: file }));
  if ('reasons' in built) return { ...common, verdict: built.verdict, functions: [], reasons: built.reasons };
  return { ...common, verdict: 'built', ...built, reasons: [] };
}

type Named = { file: string; moduleName: string };
type Built = { module: string; functions: PatchedFunction[] };

async function build(ctx: OpContext, request: BuildRequest, named: Named): Promise<Built | Refused> {
  const { file, moduleName } = named;
  const bench = await openWorkbench(ctx, request);
  const facts = await ensureBuildFacts(ctx, bench);
  return withScratch(bench.room, async (out) => {
    await writeFile(join(out, `${moduleName}.c`), request.patch);
    await writeFile(join(out, 'Makefile'), `obj-m := ${moduleName}.o\n`);
    const made = await runStage(ctx, { id: 'kbuild', title: `compile ${file}` }, (stage) =>
      make(stage, bench, { ...named, out }),
    );
    if ('verdict' in made) return made;
    const module = join(out, `${moduleName}.ko`);
    const elf = readElf(await readFile(module), module);
    const replaced = readKlpTables(elf, facts.klp);
    if (modinfoValues(elf, 'livepatch')[0] !== 'Y' || replaced.length === 0)
      return refused(reason('no-livepatch', { file, line: 1 }));
    const reasons = await runStage(
      ctx,
      { id: 'check', title: 'check the module against the target' },
      async (stage) => [
        ...(await checkModule(bench, { module, facts, diffs: [], differ: { replacedFunctions: () => [] }, ...made })),
        ...(await checkReplaced(stage, bench, { file, source: request.patch, replaced, out })),
      ],
    );
    if (reasons.length > 0) return refused(...reasons);
    // -g of the configuration is for whoever debugs the module; the kernel does not read it.
    const argv = ['strip', '-g', `${inside.out}/${moduleName}.ko`] as const;
    await runCommand(withToolchain(bench, { argv, out }), { signal: ctx.signal });
    const kept = await keepModule(bench, { module, moduleName, out: request.out });
    return { module: kept, functions: replaced.map(({ object, name }) => ({ object, name, kind: 'changed', file })) };
  });
}

async function make(
  ctx: StageContext,
  bench: Workbench,
  { file, moduleName, out }: Named & { out: string },
): Promise<Refused | { warnings: string[] }> {
  const { buildTree, release, toolroot } = bench.kernel;
  const argv = kbuildArgv(buildTree, release, ...compilerWords(toolroot), `M=${inside.out}`);
  const onWait = (holder: string) => ctx.waiting(`the build tree, in use by ${holder}`);
  try {
    const lock = { signal: ctx.signal, waitMs: 600_000, onWait };
    const { stderr } = await withLock(bench.tree, lock, () =>
      runCommand(withToolchain(bench, { argv, out, tree: 'write' }), { signal: ctx.signal }),
    );
    const said = stderr.split('\n').filter((line) => line.includes('objtool: '));
    return { warnings: readObjtoolWarnings(said.join('\n')) };
  } catch (error) {
    const stderr = isLabError(error, 'command.failed') ? String(error.details['stderr']) : '';
    const errors = readCompilerMessages(stderr).filter(({ severity }) => severity === 'error');
    const undefinedSymbols = [...stderr.matchAll(/ERROR: modpost: "(\w+)" \[.*\] undefined!/g)].map(([, name]) => name);
    if (errors.length === 0 && undefinedSymbols.length === 0) throw error;
    const own = (path: string) => (path.endsWith(`${moduleName}.c`) ? file : path);
    return {
      verdict: 'failed',
      reasons: [
        ...errors.map(({ file: path, line, text, function: name }) =>
          reason('does-not-compile', { file: own(path), line, message: text, ...(name ? { function: name } : {}) }),
        ),
        ...undefinedSymbols.map((symbol) => reason('not-exported', { file, symbol, line: 1 })),
      ],
    };
  }
}

import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type BuildEngine, buildEngines, type BuildResult } from '../../build/result.ts';
import { defaultTargetName } from '../../kernel/target.ts';
import type { Lab } from '../../lab.ts';
import { maxUnitsOption } from '../max-units-option.ts';
import { exitCodes } from '../exit-code.ts';
import { readPatchFile } from '../read-patch-file.ts';
import { reasonLines } from '../reason-lines.ts';
import { runCli } from '../run-cli.ts';

type Options = { target: string; engine: 'auto' | BuildEngine; out?: string; replace: boolean; maxUnits?: number };

export function addBuildCommand(program: Command, lab: () => Lab): void {
  program
    .command('build')
    .description('build a livepatch module from a unified diff, or from a livepatch in C (see `lpl new`)')
    .argument('PATCH', 'unified diff against the kernel source, or NAME.c')
    .addOption(
      new Option(
        '--engine <ENGINE>',
        "objdiff: compiles what a diff touches; klp-build, kpatch-build: build your own tree's kernel, twice; module: from C",
      )
        .choices(['auto', ...buildEngines])
        .default('auto'),
    )
    .option('--target <NAME>', 'debian:SUITE/FLAVOUR[@VERSION] or tree:PATH', defaultTargetName)
    .option('--out <FILE.ko>', 'where to put the module (default: here, named after the patch)')
    .option('--no-replace', 'stack on other livepatches instead of replacing them (atomic replace)')
    .addOption(maxUnitsOption())
    .addHelpText(
      'after',
      '\nExit code: 0 built, 1 does not compile, 3 refused.\n\nExample:\n  lpl build fix.patch --target debian:trixie/cloud-amd64 --out fix.ko\n  lpl build fix.patch --target tree:../linux --engine klp-build',
    )
    .action((patchFile: string, options: Options, command: Command) =>
      runCli('build', command.optsWithGlobals(), async (ctx) => {
        const patch = await readPatchFile(patchFile);
        const out = resolve(options.out ?? `${basename(patchFile).replace(/\.(patch|diff|c)$/, '')}.ko`);
        const request = {
          patch,
          patchName: basename(patchFile),
          target: options.target,
          replace: options.replace,
          ...(options.engine === 'auto' ? {} : { engine: options.engine }),
          ...(options.maxUnits === undefined ? {} : { maxUnits: options.maxUnits }),
          out,
        };
        const beganAt = performance.now();
        const result = await lab().build(request, ctx);
        const text = showBuild(result, performance.now() - beganAt);
        return { json: { schema: 1, ...result }, text, exitCode: exitCodes[result.verdict] };
      }),
    );
}

/** `ms`: how long it took. Its stages run side by side, and within each other. */
export function showBuild(
  { verdict, choice, module, functions, reasons, notes = [] }: BuildResult,
  ms: number,
): string {
  const how = choice === undefined ? [] : [choice];
  if (verdict === 'built') {
    const changed = functions.map(({ name, kind, object }) => `  ${kind === 'new' ? '+' : '~'} ${name} (${object})`);
    return [
      `built ${module} in ${(ms / 1000).toFixed(1)} s`,
      ...how,
      ...changed,
      ...notes.flatMap((each) => reasonLines(each)),
    ].join('\n');
  }
  const lines = reasons.flatMap((each) => reasonLines(each));
  return [verdict === 'refused' ? 'refused' : 'does not build', ...how, ...lines].join('\n');
}

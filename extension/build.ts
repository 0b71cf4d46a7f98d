// Builds the extension: one CommonJS bundle in dist/, minified, with a source map beside it that the VSIX leaves out.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { extensionBundle } from './bundle.ts';

const dist = join(import.meta.dirname, 'dist');
await rm(dist, { recursive: true, force: true });
await build({
  ...extensionBundle,
  entryPoints: { extension: join(import.meta.dirname, 'src/extension.ts') },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  sourcemap: true,
});

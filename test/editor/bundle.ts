// Bundles what runs inside VS Code's extension host as CommonJS, which every supported VS Code can load.

import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { extensionBundle } from '../../extension/bundle.ts';

const here = import.meta.dirname;
export const bundleDir = join(here, 'dist');

/** Bundles TypeScript files (paths below test/editor); returns their bundles in the same order. mocha stays outside. */
export async function bundle(files: readonly string[]): Promise<string[]> {
  await build({
    ...extensionBundle,
    entryPoints: files.map((file) => join(here, file)),
    external: [...extensionBundle.external, 'mocha'],
    outdir: bundleDir,
    outbase: here,
    outExtension: { '.js': '.cjs' },
  });
  return files.map((file) => join(bundleDir, relative(here, join(here, file)).replace(/\.ts$/, '.cjs')));
}

#!/usr/bin/env node
// The lpl command. Runs the bundle of lab/src; bundles it first when a source is newer (about 0.1 s), so it is never stale.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(root, 'dist/lpl.cjs');

const newest = (directory) =>
  Math.max(...readdirSync(directory, { recursive: true }).map((name) => statSync(join(directory, name)).mtimeMs));

if (existsSync(join(root, 'src')) && (!existsSync(bundle) || newest(join(root, 'src')) > statSync(bundle).mtimeMs)) {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // CommonJS, as some dependencies are: inside an ES module they would lack __dirname and require.
    format: 'cjs',
    sourcemap: true,
    logLevel: 'error',
    external: ['cpu-features'],
    loader: { '.node': 'empty' },
  });
}

const { main } = await import(pathToFileURL(bundle).href);
await main(process.argv, join(root, '..'));

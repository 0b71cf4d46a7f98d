#!/usr/bin/env node
// The lpl command. Runs the bundle of lab/src; bundles it first when a source is newer (about 0.2 s), so it is never stale.

import { existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));
const sources = join(root, 'src');
const bundle = join(root, 'dist/lpl.cjs');

const changed = (path) => statSync(path).mtimeMs;
const newest = (directory) =>
  Math.max(...readdirSync(directory, { recursive: true }).map((name) => changed(join(directory, name))));

if (existsSync(sources) && !(existsSync(bundle) && changed(bundle) >= Math.max(newest(sources), changed(self)))) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile: bundle,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // CommonJS, as some dependencies are: inside an ES module they would lack __dirname and require.
    format: 'cjs',
    sourcemap: true,
    // Half of what Node has to read at every start.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'error',
    external: ['cpu-features'],
    loader: { '.node': 'empty' },
  });
  // Another lpl may be reading the bundle, or making it as well.
  try {
    mkdirSync(dirname(bundle), { recursive: true });
    for (const { path, contents } of outputFiles) {
      writeFileSync(`${path}.${process.pid}`, contents);
      renameSync(`${path}.${process.pid}`, path);
    }
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
    process.stderr.write(`lpl: ${sources} is newer than ${bundle}, which is not yours to write\n`);
    process.stderr.write('     let its owner run lpl once\n');
    process.exit(69);
  }
}

// Not import(): that looks for the names of the exports in all of the bundle first, which takes 0.2 s.
const { main } = createRequire(import.meta.url)(bundle);
await main(process.argv, join(root, '..'));

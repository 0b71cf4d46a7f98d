// Runs `lpl ...`, the whole test suite or the benchmarks after making sure that the npm packages are those of the lock file.
// Plain Node without packages of its own: this is the first thing that runs on a fresh machine.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [what, ...words] = process.argv.slice(2);
const programs = {
  lpl: ['lab/bin/lpl.mjs'],
  test: ['test/run-all.mjs'],
  bench: ['--import', 'tsx', 'test/bench/run.ts'],
};
const program = programs[what];
if (!program) {
  console.error('usage: node .ci/with-packages.mjs lpl|test|bench [WORD...]');
  process.exit(2);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node.js ${process.version} is too old: install 20.19 or newer`);
  process.exit(69);
}

const stamp = join(root, 'node_modules/.lpl-packages');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  const started = Date.now();
  console.error('… npm packages');
  // No install scripts: nothing here needs one, and they would run with the user's rights.
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, wanted);
  console.error(`✔ npm packages ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
run(process.execPath, [...program, ...words]);

function run(file, args) {
  // Ctrl-C reaches the whole foreground group; the child decides how to end, and we wait for it.
  process.on('SIGINT', () => undefined);
  const { status, signal, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit' });
  if (error) console.error(`${file}: ${error.message}`);
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 69));
}

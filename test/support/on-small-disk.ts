// Mounts a file system of its own over a directory, in a mount namespace that nobody else sees, and runs a command there.
//   unshare --mount --propagation private node --import tsx on-small-disk.ts DIRECTORY OPTIONS PROGRAM WORD...
// OPTIONS are those of mount(8) for a tmpfs: size=64m, or ro. It is gone with the namespace.

import { spawnSync } from 'node:child_process';

const [directory = '', options = '', program = '', ...words] = process.argv.slice(2);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', directory], { stdio: 'inherit' });
if (mounted.status !== 0) process.exit(99);
process.exitCode = spawnSync(program, words, { stdio: 'inherit' }).status ?? 98;

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findStaleObject, newestThan, recordedFiles } from '../../../lab/src/kernel/stale-object.ts';
import { operate } from '../../support/operation.ts';

/** As fixdep writes it. */
const recordOf = (
  object: string,
  source: string,
  ...headers: string[]
) => `savedcmd_${object} := gcc -c -o ${object} ${source}

source_${object} := ${source}

deps_${object} := \\
    $(wildcard include/config/SMP) \\
${headers.map((header) => `  ${header} \\\n`).join('')}
${object}: $(deps_${object})

$(deps_${object}):
`;

describe('recordedFiles', () => {
  it('are the source and its headers, without what stands for options', () => {
    const record = recordOf('fs/a.o', '/src/fs/a.c', '/src/include/linux/a.h', 'include/generated/b.h');
    assert.deepEqual(recordedFiles(record), ['/src/fs/a.c', '/src/include/linux/a.h', 'include/generated/b.h']);
  });
});

for (const [where, out] of [
  ['in its source', ''],
  ['in an O= directory', 'out/'],
  ['in an O= directory inside its source', 'src/out/'],
] as const)
  describe(`findStaleObject of a kernel that is built ${where}`, () => {
    let root: string;
    let tree: { source: string; buildTree: string };
    const put = async (path: string, minute: number, text = '') => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
      await utimes(join(root, path), minute * 60, minute * 60);
    };
    const touch = (path: string, minute: number) => utimes(join(root, path), minute * 60, minute * 60);
    const stale = () => operate((ctx) => findStaleObject(ctx, tree));
    const build = out || 'src/';

    beforeEach(async () => {
      root = await realpath(await mkdtemp(join(tmpdir(), 'lpl-stale-')));
      tree = { source: join(root, 'src'), buildTree: join(root, build).replace(/\/$/, '') };
      const named = (path: string) => (out ? join(root, 'src', path) : path);
      for (const path of ['src/fs/a.c', 'src/net/m.c', 'src/include/linux/a.h', 'src/fs/unbuilt.c'])
        await put(path, 10);
      await put(`${build}fs/a.o`, 20);
      await put(`${build}fs/.a.o.cmd`, 20, recordOf('fs/a.o', named('fs/a.c'), named('include/linux/a.h')));
      await put(`${build}vmlinux`, 30);
      await put(`${build}net/m.o`, 40);
      await put(`${build}net/.m.o.cmd`, 40, recordOf('net/m.o', named('net/m.c')));
      // What the build makes after vmlinux.
      await put(`${build}net/m.mod.c`, 41);
      await put(`${build}arch/x86/boot/version.c`, 41);
    });
    afterEach(() => rm(root, { recursive: true }));

    it('is none as it is built', async () => assert.equal(await stale(), undefined));

    it('names the object whose source or header is newer', async () => {
      await touch('src/include/linux/a.h', 50);
      assert.deepEqual(await stale(), { source: 'include/linux/a.h', object: 'fs/a.o' });
      await touch('src/fs/a.c', 50);
      assert.deepEqual(await stale(), { source: 'fs/a.c', object: 'fs/a.o' });
    });

    it('does not mind a newer file that is not built, or a module that was built after it', async () => {
      await touch('src/fs/unbuilt.c', 50);
      await touch('src/net/m.c', 35);
      assert.equal(await stale(), undefined);
      await touch('src/net/m.c', 50);
      assert.deepEqual(await stale(), { source: 'net/m.c', object: 'net/m.o' });
    });

    it('can be asked of one object', async () => {
      assert.equal(await newestThan(tree, 'fs/a.o'), undefined);
      await touch('src/include/linux/a.h', 25);
      assert.equal(await newestThan(tree, 'fs/a.o'), 'include/linux/a.h');
    });
  });

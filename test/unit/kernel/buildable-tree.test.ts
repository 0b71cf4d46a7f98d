import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isLabError } from '../../../lab/src/core/error.ts';
import { cacheRooms } from '../../../lab/src/core/rooms.ts';
import { checkBuildable } from '../../../lab/src/kernel/buildable-tree.ts';
import { readKernelConfig } from '../../../lab/src/kernel/kernel-config.ts';
import { imagePath, type OwnTree } from '../../../lab/src/kernel/own-tree.ts';
import { operate } from '../../support/operation.ts';

describe('checkBuildable', () => {
  let root: string;
  let buildTree: string;
  let config: string;
  const put = async (path: string, minute: number, text = '') => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await utimes(join(root, path), minute * 60, minute * 60);
  };
  const tree = (): OwnTree => ({
    ...{
      path: buildTree,
      name: `tree:${buildTree}`,
      buildTree,
      source: join(root, 'src'),
      release: '6.12.1',
      warnings: [],
    },
    ...{ config: readKernelConfig(config), modules: [], image: { path: imagePath, sizeBytes: 1, mtimeMs: 1 } },
  });
  const rooms = () => cacheRooms({ cache: join(root, 'cache'), state: '', runtime: '' });
  const check = () => operate((ctx) => checkBuildable(ctx, rooms(), tree()));
  const refuses = (message: RegExp, hint: RegExp) =>
    assert.rejects(check(), (error) => {
      assert.ok(isLabError(error, 'kernel.unsupported'), String(error));
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      return true;
    });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lpl-buildable-'));
    buildTree = join(root, 'out');
    config = 'CONFIG_LIVEPATCH=y\nCONFIG_CC_IS_GCC=y\nCONFIG_OBJTOOL=y\n';
    await put('src/Kbuild', 1);
    await put('src/fs/a.c', 1, '#include "part.c"\n');
    await put('out/.config', 2);
    await put('out/include/generated/autoconf.h', 2);
    await put('out/tools/objtool/objtool', 2);
    await put('out/fs/a.o', 3);
    await put('out/fs/.a.o.cmd', 3, `source_fs/a.o := ${root}/src/fs/a.c\n`);
    await put('out/scripts/mod/.modpost.o.cmd', 3);
    await put('out/Module.symvers', 4);
    await put('out/vmlinux', 4);
    await put(`out/${imagePath}`, 5);
    await symlink('../src', join(buildTree, 'source'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('keeps what the configuration builds, by its source', async () => {
    await check();
    const [made = ''] = await readdir(join(root, 'cache/kernels'));
    const { objects, included } = JSON.parse(
      await readFile(join(root, 'cache/kernels', made, 'objects.json'), 'utf8'),
    ) as Record<string, unknown>;
    assert.deepEqual([objects, included], [{ 'fs/a.c': 'fs/a.o' }, { 'fs/part.c': ['fs/a.c'] }]);
  });

  it('wants LIVEPATCH, and gcc', async () => {
    const whole = config;
    config = whole.replace('CONFIG_LIVEPATCH=y\n', '');
    await refuses(/LIVEPATCH is not set/, /source\/scripts\/config -e LIVEPATCH && make olddefconfig/);
    config = whole.replace('CC_IS_GCC', 'CC_IS_CLANG');
    await refuses(/not built with gcc/, /CC=gcc/);
  });

  it('wants it built, and its source where it was', async () => {
    const hint = new RegExp(`^make -C ${buildTree} bzImage modules$`);
    for (const name of ['Module.symvers', 'tools/objtool/objtool', 'vmlinux']) {
      await rm(join(buildTree, name));
      await refuses(new RegExp(`not built: ${name} is missing`), hint);
      await put(`out/${name}`, 4);
    }
    await rm(join(root, 'src'), { recursive: true });
    await refuses(/its source is not at/, /put it back/);
  });

  it('wants it built after its source and configuration changed', async () => {
    await put('src/fs/a.c', 9);
    await refuses(/fs\/a\.c is newer than fs\/a\.o/, /^make/);
    await put('src/fs/a.c', 1);
    await put('out/.config', 9);
    await refuses(/\.config is newer than vmlinux/, /^make/);
    await put('out/.config', 2);
    await put('out/vmlinux', 9);
    await refuses(/vmlinux is newer than arch\/x86\/boot\/bzImage/, /^make/);
  });
});

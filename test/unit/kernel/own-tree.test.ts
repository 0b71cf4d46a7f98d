import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLabError, type LabErrorCode } from '../../../lab/src/core/error.ts';
import { readOwnTree } from '../../../lab/src/kernel/own-tree.ts';
import { bootableConfig as config, makeBuiltTree, putFile } from '../../support/built-tree.ts';

describe('readOwnTree', () => {
  let tree: string;
  const put = (path: string, content: string | Buffer) => putFile(tree, path, content);
  const refuses = (code: LabErrorCode, message: RegExp, hint: RegExp) =>
    assert.rejects(readOwnTree(tree), (error) => {
      assert.ok(isLabError(error, code), String(error));
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
      return true;
    });

  beforeEach(async () => {
    tree = await mkdtemp(join(tmpdir(), 'lpl-tree-'));
    await makeBuiltTree(tree);
  });
  afterEach(() => rm(tree, { recursive: true }));

  it('reads what is built, with modules.order of either form', async () => {
    const { name, release, modules, warnings } = await readOwnTree(tree);
    assert.equal(name, `tree:${tree}`);
    assert.equal(release, '6.12.1-mine');
    assert.deepEqual(
      modules.map(({ path }) => path),
      ['drivers/net/virtio_net.ko', 'fs/x.ko'],
    );
    assert.deepEqual(warnings, []);
  });

  it('wants a directory with a configuration for x86-64', async () => {
    await put('.config', '# Linux/arm64\nCONFIG_ARM64=y\n');
    await refuses('kernel.unsupported', /not configured for x86-64$/, /x86-64/);
    await rm(join(tree, '.config'));
    await refuses('kernel.unsupported', /has no \.config$/, /O=/);
    await rm(tree, { recursive: true });
    await refuses('kernel.unknown', /no such directory$/, /tree:PATH/);
    await mkdir(tree);
  });

  it('names every option that a guest needs, and how to set them', async () => {
    await put('.config', config.replace('CONFIG_VIRTIO_BLK=y', '').replace('CONFIG_DEVTMPFS=y', 'CONFIG_DEVTMPFS=m'));
    await refuses(
      'kernel.unsupported',
      /a guest needs DEVTMPFS, VIRTIO_BLK in \.config$/,
      /&& scripts\/config -e DEVTMPFS -e VIRTIO_BLK && make olddefconfig && make bzImage modules$/,
    );
    await symlink('/src/linux', join(tree, 'source'));
    await refuses('kernel.unsupported', /VIRTIO_BLK/, /&& source\/scripts\/config/);
  });

  it('takes disks and network as modules, but no kernel that refuses unsigned ones', async () => {
    const modular = config.replace('CONFIG_EXT4_FS=y', 'CONFIG_EXT4_FS=m');
    await put('.config', modular);
    await readOwnTree(tree);
    await put('.config', `${modular}CONFIG_MODULE_SIG_FORCE=y\n`);
    await refuses('kernel.unsupported', /MODULE_SIG_FORCE/, /-d MODULE_SIG_FORCE/);
  });

  it('only warns when no livepatch can be loaded', async () => {
    await put('.config', config.replaceAll('CONFIG_LIVEPATCH=y', ''));
    const { warnings } = await readOwnTree(tree);
    assert.deepEqual(warnings, ['LIVEPATCH is not set: no livepatch can be loaded']);
  });

  it('tells a tree that is not built, or only in part', async () => {
    const hint = new RegExp(`^make -C ${tree} bzImage modules$`);
    await rm(join(tree, 'fs/x.ko'));
    await refuses('kernel.unsupported', /not built: 1 of 2 modules is missing, such as fs\/x\.ko$/, hint);
    await rm(join(tree, 'modules.order'));
    await refuses('kernel.unsupported', /not built: modules\.order is missing$/, hint);
    await put('include/config/kernel.release', '6.12.2-mine\n');
    await refuses('kernel.unsupported', /bzImage is 6\.12\.1-mine, the tree has become 6\.12\.2-mine$/, hint);
    await rm(join(tree, 'arch'), { recursive: true });
    await refuses('kernel.unsupported', /not built: arch\/x86\/boot\/bzImage is missing$/, hint);
  });

  it('takes what is no bzImage for not built', async () => {
    await put('arch/x86/boot/bzImage', 'half');
    await refuses('kernel.unsupported', /bzImage is no kernel image/, /make/);
  });
});

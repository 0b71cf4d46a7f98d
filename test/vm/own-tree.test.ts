// The developer's own build tree as a target: booted through the command line, copied when it changed, never written to.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { isLabError } from '../../lab/src/core/error.ts';
import { runStage } from '../../lab/src/core/operation.ts';
import { labPaths } from '../../lab/src/core/paths.ts';
import { runCommand } from '../../lab/src/core/process.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { readBuildId } from '../../lab/src/kernel/build-id.ts';
import { checkBuildable, openBuildableTree } from '../../lab/src/kernel/buildable-tree.ts';
import { ensureConfiguredObjects, readConfiguredObjects } from '../../lab/src/kernel/configured-objects.ts';
import { readElf } from '../../lab/src/kernel/elf.ts';
import { imagePath, type OwnTree, readOwnTree } from '../../lab/src/kernel/own-tree.ts';
import { ensureOwnTreeImage } from '../../lab/src/kernel/own-tree-image.ts';
import { inToolroot } from '../../lab/src/toolroot/sandbox.ts';
import { type CliLab, openCliLab } from '../support/lpl.ts';
import { operate } from '../support/operation.ts';
import { testBuildTree, testLabRoot } from '../support/stock-kernel.ts';
import { inventory, tinyTree } from '../support/tiny-tree.ts';

const dummy = 'drivers/net/dummy.ko';
const fixtures = join(import.meta.dirname, '../fixtures');

describe('own build tree', function () {
  // The first time the tree must be built.
  this.timeout(1_800_000);
  let lab: CliLab;
  let tree: string;
  let scratch: string;
  before(async () => {
    lab = await openCliLab();
    tree = await tinyTree();
    scratch = await mkdtemp(join(tmpdir(), 'lpl-tree-'));
  });
  after(async () => {
    await rm(scratch, { recursive: true });
    await lab.close();
  });

  /** What a tree built in its source directory has of all that, at a place where it may be changed. */
  async function copyOfTree(name: string): Promise<string> {
    const copy = join(scratch, name);
    const { modules } = await readOwnTree(tree);
    const others = ['.config', 'include/config/kernel.release', 'modules.order', 'modules.builtin', imagePath];
    for (const path of [...others, 'modules.builtin.modinfo', ...modules.map((module) => module.path)]) {
      await mkdir(dirname(join(copy, path)), { recursive: true });
      await cp(join(tree, path), join(copy, path), { preserveTimestamps: true });
    }
    return copy;
  }

  const ensureImage = async (given: OwnTree) => {
    const labRoot = await testLabRoot();
    return operate((ctx) =>
      runStage(ctx, { id: 'image', title: 'image' }, (stage) =>
        ensureOwnTreeImage({ room: join(scratch, 'kernels'), labRoot, tree: given }, stage),
      ),
    );
  };

  it('boots with its modules, named by a relative path, and is never written to', async () => {
    const before = await inventory(tree);
    const up = await lab.run('vm', 'up', 'own1', '--target', `tree:${relative(process.cwd(), tree)}`);
    assert.equal(up.code, 0, up.stderr);
    const release = (await readFile(join(tree, 'include/config/kernel.release'), 'utf8')).trim();
    assert.deepEqual([up.json['release'], up.json['target']], [release, `tree:${tree}`]);
    const said = await lab.run('vm', 'ssh', 'own1', 'uname -r; modprobe dummy && cut -d" " -f1 /proc/modules');
    const [running, ...modules] = String(said.json['stdout']).trim().split('\n');
    assert.equal(running, release);
    assert.ok(
      ['dummy', 'virtio_net', 'pvpanic_pci'].every((name) => modules.includes(name)),
      said.stderr,
    );
    await givesTheSymbolsThatRun();
    assert.equal((await lab.run('vm', 'rm', 'own1')).code, 0);
    assert.deepEqual(await inventory(tree), before);
  });

  /** gdb gets the tree's vmlinux, and none when that is another build by now (its id differs in one byte). */
  async function givesTheSymbolsThatRun(): Promise<void> {
    const { json } = await lab.run('vm', 'gdb', 'own1', '--print');
    assert.deepEqual([json['vmlinux'], json['note']], [join(tree, 'vmlinux'), undefined]);
    const image = await readFile(join(tree, 'vmlinux'));
    const id = image.indexOf(Buffer.from((await readBuildId(join(tree, 'vmlinux'))) ?? '', 'hex'));
    image.writeUInt8(image.readUInt8(id) ^ 1, id);
    const other = join(scratch, 'vmlinux');
    await writeFile(other, image);
    const record = join(lab.directory, 'state/livepatch-lab/vms/own1/vm.json');
    await writeFile(record, (await readFile(record, 'utf8')).replace(join(tree, 'vmlinux'), other));
    const moved = (await lab.run('vm', 'gdb', 'own1', '--print')).json;
    assert.equal(moved['vmlinux'], undefined);
    assert.match(String(moved['note']), /is not the build that runs/);
  }

  it('would see a write to it', async () => {
    const copy = await copyOfTree('written');
    const before = await inventory(copy);
    await writeFile(join(copy, 'modules.order'), await readFile(join(copy, 'modules.order')));
    assert.notDeepEqual(await inventory(copy), before);
  });

  it('is copied again when a module was built anew, without its debug information', async () => {
    const copy = await copyOfTree('rebuilt');
    const first = await ensureImage(await readOwnTree(copy));
    assert.equal((await ensureImage(await readOwnTree(copy))).modulesDir, first.modulesDir);

    await addDebugInformation(copy);
    const second = await ensureImage(await readOwnTree(copy));
    assert.notEqual(second.modulesDir, first.modulesDir);
    const sections = async (path: string) => readElf(await readFile(path)).sections.map(({ name }) => name);
    assert.ok((await sections(join(copy, dummy))).includes('.debug_info'));
    assert.ok(!(await sections(join(second.modulesDir, 'kernel', dummy))).includes('.debug_info'));
  });

  it('is not used when it is rebuilt meanwhile, and nothing of it is kept', async () => {
    const copy = await copyOfTree('racing');
    const before = await readOwnTree(copy);
    const kept = await readdir(join(scratch, 'kernels'));
    for (const change of [addDebugInformation, (path: string) => rm(join(path, dummy))]) {
      await change(copy);
      await assert.rejects(
        ensureImage(before),
        (error) => isLabError(error, 'kernel.unsupported') && /was rebuilt while it was read$/.test(error.message),
      );
    }
    assert.deepEqual(await readdir(join(scratch, 'kernels')), kept);
  });

  it('is livepatched: vmlinux, a module that comes later, and a livepatch in C; and is never written to', async () => {
    const before = await inventory(tree);
    const out = (name: string) => join(lab.directory, `${name}.ko`);
    const build = async (file: string, name: string) => {
      const built = await lab.run('build', join(fixtures, file), '--target', `tree:${tree}`, '--out', out(name));
      assert.equal(built.code, 0, JSON.stringify(built.json));
      return built.json;
    };
    const up = await lab.run('vm', 'up', 'own2', '--target', `tree:${tree}`);
    assert.equal(up.code, 0, up.stderr);
    const says = async (script: string) => String((await lab.run('vm', 'ssh', 'own2', script)).json['stdout']).trim();
    const load = async (name: string) => assert.equal((await lab.run('klp', 'load', 'own2', out(name))).code, 0);
    const unload = async (module: string) => assert.equal((await lab.run('klp', 'unload', 'own2', module)).code, 0);

    assert.match(String((await build('patch/cmdline.patch', 'cmdline'))['choice']), /^objdiff: your own build of 6\./);
    await load('cmdline');
    assert.match(await says('cat /proc/cmdline'), / livepatched=1$/);
    await unload('livepatch_cmdline');
    assert.doesNotMatch(await says('cat /proc/cmdline'), /livepatched/);

    const { functions } = await build('patch/own/dummy.patch', 'dummy');
    assert.deepEqual(functions, [
      { object: 'dummy', name: 'dummy_get_stats64', kind: 'changed', file: 'drivers/net/dummy.c' },
    ]);
    await load('dummy');
    const sent = 'modprobe dummy && cat /sys/class/net/dummy0/statistics/tx_dropped';
    assert.equal(await says(sent), '4711');
    await unload('livepatch_dummy');

    await lab.run(
      'new',
      join(lab.directory, 'hand'),
      '--target',
      `tree:${tree}`,
      '--function',
      'fs/proc/cmdline.c:cmdline_proc_show',
    );
    const made = await lab.run(
      'build',
      join(lab.directory, 'hand.c'),
      '--target',
      `tree:${tree}`,
      '--out',
      out('hand'),
    );
    assert.equal(made.code, 0, JSON.stringify(made.json));
    await load('hand');
    assert.equal((await lab.run('vm', 'rm', 'own2')).code, 0);
    assert.deepEqual(await inventory(tree), before);
  });

  it('has been built from what the walk through its configuration tells, and from nothing else', async () => {
    const own = await readOwnTree(tree);
    const rooms = cacheRooms(labPaths());
    const { toolroot } = await testBuildTree();
    const [built, told] = await operate(async (ctx) => {
      await checkBuildable(ctx, rooms, own);
      const { objects } = await openBuildableTree(ctx, rooms, own, () => Promise.resolve(toolroot));
      return Promise.all([
        readConfiguredObjects(objects),
        ensureConfiguredObjects(ctx, join(scratch, 'walk'), { ...own, toolroot }).then(readConfiguredObjects),
      ]);
    });
    const only = (some: typeof built, others: typeof built) =>
      [...some.objects.keys()].filter((path) => !others.objects.has(path));
    // Code of user space, and what is made when vmlinux is linked.
    const aside = /^arch\/x86\/entry\/vdso\/|^init\/version-timestamp\.c$/;
    assert.deepEqual(
      only(built, told).filter((path) => !aside.test(path)),
      [],
    );
    // Assembly and generated sources have no C file.
    assert.deepEqual(
      only(told, built).filter((path) => existsSync(join(own.source, path))),
      [],
    );
    assert.ok(built.objects.size > 1000, `${built.objects.size} objects`);
  });

  it('is put on trial', async () => {
    const scenario = join(fixtures, '../../lab/examples/security-fixes/greeting.yaml');
    const trial = await lab.run('trial', scenario, '--target', `tree:${tree}`);
    assert.equal(trial.code, 0, JSON.stringify(trial.json));
    assert.equal(trial.json['target'], `tree:${tree}`);
  });

  it('is refused in one line, and nothing is booted, when no livepatch could be right', async () => {
    const copy = await copyOfTree('unfit');
    await symlink(await realpath(join(tree, 'source')), join(copy, 'source'));
    const refuses = async (why: RegExp) => {
      const built = await lab.run('build', join(fixtures, 'patch/cmdline.patch'), '--target', `tree:${copy}`);
      assert.equal(built.code, 2, built.stderr);
      assert.match(JSON.stringify(built.json), why);
      assert.doesNotMatch(built.stderr, /"title":"Boot /);
    };
    const config = await readFile(join(copy, '.config'), 'utf8');
    await writeFile(join(copy, '.config'), config.replace('CONFIG_LIVEPATCH=y', '# CONFIG_LIVEPATCH is not set'));
    await refuses(/LIVEPATCH is not set, so no livepatch can be loaded/);
    await writeFile(join(copy, '.config'), config);
    await refuses(/is not built: vmlinux is missing/);
  });
});

/** As if the module was built with -g. */
async function addDebugInformation(tree: string): Promise<void> {
  await writeFile(join(tree, 'debug'), 'debug information');
  const argv = ['objcopy', '--add-section', '.debug_info=/tree/debug', `/tree/${dummy}`] as const;
  const toolroot = { path: await testLabRoot(), compiler: '' };
  const binds = [{ host: tree, inside: '/tree', access: 'write' }] as const;
  await runCommand(inToolroot({ argv }, { toolroot, binds }), { signal: new AbortController().signal });
}

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  inTreeView,
  requireMounted,
  type TreeView,
  withTreeView,
} from '../../../../lab/src/build/whole-kernel/tree-view.ts';
import { isLabError } from '../../../../lab/src/core/error.ts';

const toolroot = { path: '/root', compiler: 'gcc' };
const ctx = { signal: new AbortController().signal, waiting: () => undefined };
const longAgo = new Date('2020-01-01');

describe('view of a tree', () => {
  let scratch: string;
  let view: TreeView;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'lpl-view-'));
    view = {
      tree: { name: 'tree:x', source: join(scratch, 'source'), build: join(scratch, 'source') },
      toolroot,
      room: join(scratch, 'room'),
    };
    await put('source/fs/a.c', 'original');
  });
  afterEach(() => rm(scratch, { recursive: true }));

  async function put(path: string, text: string) {
    await mkdir(dirname(join(scratch, path)), { recursive: true });
    await writeFile(join(scratch, path), text);
    await utimes(join(scratch, path), longAgo, longAgo);
  }
  const written = (path: string) => readFile(join(view.room, 'written', path), 'utf8').catch(() => undefined);
  const build = (act: () => Promise<unknown> = () => Promise.resolve()) => withTreeView(ctx, view, ['fs/a.c'], act);
  /** As a tool leaves the view when it is killed. */
  const killed = () =>
    assert.rejects(
      build(async () => {
        await put('room/written/fs/a.c', 'patched');
        throw new Error('killed');
      }),
      /killed/,
    );

  it('is mounted where the source is, over both halves of an O= tree', () => {
    const argvOf = (build: string) => {
      const tree = { name: 'tree:/k', source: '/src', build };
      return inTreeView({ tree, toolroot, room: '/room' }, { argv: ['make'], out: '/out' }).argv;
    };
    const inTree = argvOf('/src');
    assert.ok(inTree.includes('lowerdir=/lpl/source,upperdir=/lpl/view/written,workdir=/lpl/view/work,userxattr'));
    assert.deepEqual(inTree.slice(-2), ['/src', 'make']);
    assert.ok(argvOf('/obj').some((word) => word.startsWith('lowerdir=/lpl/build:/lpl/source,')));
    // Nothing but the view and the output can be written to.
    const writable = inTree.flatMap((word, index) => (word === '--bind' ? [inTree[index + 1]] : []));
    assert.deepEqual(writable, ['/room', '/room/mounted', '/out']);
  });

  it('says when there is no overlay to be had, and is silent when the tool itself fails', () => {
    const failed = { exitCode: 32, stderr: 'mount: /src: wrong fs type\n' };
    assert.throws(
      () => requireMounted(view, failed),
      (error) => isLabError(error, 'host.unwritable'),
    );
    requireMounted(view, { ...failed, exitCode: 1 });
    requireMounted(view, { ...failed, stderr: 'error: klp-build: x' });
  });

  it('has the source as the tree has it, after a build that was killed: with a new time, to be compiled again', async () => {
    await build();
    assert.equal(await written('fs/a.c'), undefined);
    await killed();
    let seen: unknown;
    await build(async () => (seen = await written('fs/a.c')));
    assert.equal(seen, 'original');
    assert.ok((await stat(join(view.room, 'written/fs/a.c'))).mtime > longAgo);
  });

  it('takes what changed in the tree since, though a build has left its own copy', async () => {
    await build(() => put('room/written/fs/a.c', 'original'));
    const { mtimeMs } = await stat(join(view.room, 'written/fs/a.c'));
    await build();
    assert.equal((await stat(join(view.room, 'written/fs/a.c'))).mtimeMs, mtimeMs);
    await put('source/fs/a.c', 'edited');
    await build();
    assert.equal(await written('fs/a.c'), 'edited');
  });

  it('forgets a file that the patch added when it was killed', async () => {
    await rm(join(scratch, 'source/fs/a.c'));
    await killed();
    await build();
    assert.equal(await written('fs/a.c'), undefined);
  });

  it('has the Makefile of the source, not that of the O= directory', async () => {
    await put('source/Makefile', 'of the source');
    await put('obj/Makefile', 'include');
    view.tree = { ...view.tree, build: join(scratch, 'obj') };
    await build();
    assert.equal(await written('Makefile'), 'of the source');
  });

  it('is of one build at a time', async () => {
    const order: string[] = [];
    let waits = () => undefined as void;
    const waiting = new Promise<void>((resolve) => (waits = resolve));
    const first = build(async () => {
      await waiting;
      order.push('first');
    });
    const second = withTreeView({ ...ctx, waiting: waits }, view, [], () => Promise.resolve(order.push('second')));
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first', 'second']);
  });
});

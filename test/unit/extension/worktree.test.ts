// Working copies of kernel source and the patch they make.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  checkedOutFiles,
  checkOut,
  ensureWorktree,
  findWorktree,
  type Worktree,
} from '../../../extension/src/source/worktree.ts';
import { writeWorktreePatch } from '../../../extension/src/source/worktree-patch.ts';

describe('a work tree', () => {
  let root: string;
  let worktree: Worktree;
  const pristine = () => join(root, 'linux');

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lpl-worktree-'));
    await mkdir(join(pristine(), 'fs/proc'), { recursive: true });
    await writeFile(join(pristine(), 'fs/proc/stat.c'), 'one\ntwo\nthree\n');
    await writeFile(join(pristine(), 'fs/exec.c'), 'a\nb');
    worktree = await ensureWorktree(root, {
      name: 'debian:trixie/cloud-amd64@6.12.94',
      release: '6.12.94',
      pristine: pristine(),
    });
  });

  afterEach(() => rm(root, { recursive: true }));

  it('holds copies of what was opened, and keeps edits when opened again', async () => {
    const path = await checkOut(worktree, 'fs/proc/stat.c');
    await writeFile(path, 'edited\n');
    assert.equal(await checkOut(worktree, 'fs/proc/stat.c'), path);
    assert.equal(await readFile(path, 'utf8'), 'edited\n');
    assert.deepEqual(await checkedOutFiles(worktree), ['fs/proc/stat.c']);
  });

  it('is found by the path of its files, also by another window', async () => {
    const path = await checkOut(worktree, 'fs/exec.c');
    assert.deepEqual(await findWorktree(root, path), worktree);
    assert.equal(await findWorktree(root, join(root, 'elsewhere.c')), undefined);
  });

  it('is another one for another build tree, however alike their paths are', async () => {
    const trees = ['tree:/src/a/b', 'tree:/src/a-b', `tree:/src/${'deep/'.repeat(50)}c`];
    const made = await Promise.all(
      trees.map((name) => ensureWorktree(root, { name, release: '7.2.0', pristine: pristine() })),
    );
    assert.equal(new Set(made.map(({ directory }) => directory)).size, trees.length);
  });

  it('never leaves the kernel tree', async () => {
    await assert.rejects(checkOut(worktree, '../../../etc/passwd'), /outside the kernel tree/);
  });

  it('makes a unified diff of the edited files only', async () => {
    await checkOut(worktree, 'fs/exec.c');
    await writeFile(await checkOut(worktree, 'fs/proc/stat.c'), 'one\n2\nthree\n');
    const patch = await writeWorktreePatch(worktree);
    assert.equal(patch.text, '--- a/fs/proc/stat.c\n+++ b/fs/proc/stat.c\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n');
    assert.deepEqual(patch.files, [{ path: 'fs/proc/stat.c', line: 2 }]);
    assert.equal(await readFile(patch.path, 'utf8'), patch.text);
    assert.match(patch.name, /^edit-[0-9a-f]{8}$/);
  });

  it('marks a last line without a newline', async () => {
    await writeFile(await checkOut(worktree, 'fs/exec.c'), 'a\nB');
    const { text } = await writeWorktreePatch(worktree);
    assert.ok(text.endsWith('-b\n\\ No newline at end of file\n+B\n\\ No newline at end of file\n'), text);
  });

  it('has an empty patch when nothing was changed', async () => {
    await checkOut(worktree, 'fs/exec.c');
    assert.equal((await writeWorktreePatch(worktree)).text, '');
  });
});

// A patch into a directory of edited files and out again, whole or not at all.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importPatch } from '../../../lab/src/patch/import-patch.ts';
import type { LabError } from '../../../lab/src/core/error.ts';

const patch = `--- a/fs/a.c
+++ b/fs/a.c
@@ -1,3 +1,3 @@
 one
-two
+2
 three
--- a/fs/b.c
+++ b/fs/b.c
@@ -1,2 +1,3 @@
 x
+between
 y
--- /dev/null
+++ b/fs/c.c
@@ -0,0 +1 @@
+new
`;

describe('importPatch', () => {
  let root: string;
  const directory = () => join(root, 'edited');
  const source = () => join(root, 'linux');
  const edited = (path: string) => readFile(join(directory(), path), 'latin1');
  const act = (reverse = false, text = patch) =>
    importPatch({ patch: text, directory: directory(), source: source(), reverse });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lpl-import-'));
    await mkdir(join(source(), 'fs'), { recursive: true });
    await writeFile(join(source(), 'fs/a.c'), 'zero\none\ntwo\nthree\n');
    await writeFile(join(source(), 'fs/b.c'), Buffer.from('x\ny\n\xe9\n', 'latin1'));
  });

  afterEach(() => rm(root, { recursive: true }));

  it('brings it in, over what was edited before, byte for byte', async () => {
    await mkdir(join(directory(), 'fs'), { recursive: true });
    await writeFile(join(directory(), 'fs/a.c'), 'edited\nzero\none\ntwo\nthree\n');
    assert.equal((await act()).outcome, 'applied');
    assert.equal(await edited('fs/a.c'), 'edited\nzero\none\n2\nthree\n');
    assert.equal(await edited('fs/b.c'), 'x\nbetween\ny\n\xe9\n');
    assert.equal(await edited('fs/c.c'), 'new\n');
  });

  it('takes it out again, the new file with it', async () => {
    await act();
    assert.equal((await act(true)).outcome, 'applied');
    assert.equal(await edited('fs/a.c'), await readFile(join(source(), 'fs/a.c'), 'latin1'));
    assert.ok(!existsSync(join(directory(), 'fs/c.c')));
  });

  it('says when there is nothing to do', async () => {
    await act();
    assert.equal((await act()).outcome, 'already');
    await act(true);
    assert.equal((await act(true)).outcome, 'already');
  });

  it('names every conflict and changes nothing', async () => {
    await writeFile(join(source(), 'fs/a.c'), 'zero\none\nTWO\nthree\n');
    await writeFile(join(source(), 'fs/c.c'), 'there\n');
    const { outcome, conflicts } = await act();
    assert.equal(outcome, 'conflict');
    assert.deepEqual(
      conflicts.map(({ file, line, patchLine }) => [file, line, patchLine]),
      [
        ['fs/a.c', 1, 3],
        ['fs/c.c', 1, 16],
      ],
    );
    assert.ok(!existsSync(directory()));
  });

  it('writes nothing outside the directory', async () => {
    const outside = patch.replaceAll('fs/b.c', '../../b.c');
    await assert.rejects(act(false, outside), (error: LabError) => error.code === 'patch.invalid');
    assert.ok(!existsSync(directory()));
  });
});

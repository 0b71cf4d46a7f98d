import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeIn, readPatchedSources, sourceOf } from '../../../../lab/src/build/whole-kernel/patched-sources.ts';
import { isRefused } from '../../../../lab/src/build/refused.ts';

const header = `--- a/include/linux/x.h
+++ b/include/linux/x.h
@@ -1 +1 @@
-#define X 1
+#define X 2
`;
const unit = `--- a/fs/x.c
+++ b/fs/x.c
@@ -1,4 +1,5 @@
 int x(void)
 {
+	y();
 	return X;
 }
`;
const created = `--- /dev/null
+++ b/fs/y.c
@@ -0,0 +1,3 @@
+int y(void)
+{
+}
`;

describe('files of a patch that a tool applies itself', () => {
  let source: string;
  before(async () => {
    source = await mkdtemp(join(tmpdir(), 'lpl-sources-'));
    for (const directory of ['include/linux', 'fs', 'Documentation'])
      await mkdir(join(source, directory), { recursive: true });
    await writeFile(join(source, 'include/linux/x.h'), '#define X 1\n');
    await writeFile(join(source, 'Documentation/x.rst'), 'old\n');
    await writeFile(join(source, 'fs/x.c'), 'int x(void)\n{\n\treturn X;\n}\n');
  });
  after(() => rm(source, { recursive: true }));

  const read = (patch: string) => readPatchedSources(patch, { source, release: '7.2' });
  const rules = async (patch: string) => {
    const found = await read(patch);
    return isRefused(found) ? found.reasons.map(({ rule }) => rule) : [];
  };

  it('may be headers, and new files', async () => {
    const sources = await read(header + unit + created);
    assert.ok(!isRefused(sources));
    assert.deepEqual(
      sources.map(({ path, line }) => [path, line]),
      [
        ['include/linux/x.h', 1],
        ['fs/x.c', 3],
        ['fs/y.c', 1],
      ],
    );
    assert.deepEqual([placeIn(sources).file, placeIn(sources).line, placeIn(sources).lineOf('x')], ['fs/x.c', 3, 1]);
    assert.deepEqual(
      ['y', 'x.cold', 'nowhere'].map((name) => sourceOf(sources, name)),
      ['fs/y.c', 'fs/x.c', 'fs/x.c'],
    );
  });

  it('are refused where no livepatch can change them, or the patch does not fit', async () => {
    assert.deepEqual(await rules(unit.replaceAll('fs/x.c', 'fs/x.S')), ['NP01']);
    assert.deepEqual(await rules(unit.replaceAll('fs/x.c', 'lib/x.c')), ['NP01']);
    assert.deepEqual(await rules(unit.replaceAll('fs/x.c', '../x.c')), ['patch-path']);
    assert.deepEqual(await rules(unit.replaceAll('fs/x.c', 'fs/z.c')), ['patch-no-such-file']);
    assert.deepEqual(await rules(unit.replace('return X', 'return Y')), ['patch-does-not-apply']);
    assert.deepEqual(await rules('no patch'), ['patch-empty']);
    const document = '--- a/Documentation/x.rst\n+++ b/Documentation/x.rst\n@@ -1 +1 @@\n-old\n+new\n';
    assert.deepEqual(await rules(document), ['patch-no-code']);
  });
});

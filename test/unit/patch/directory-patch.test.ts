import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { directoryPatch } from '../../../lab/src/patch/directory-patch.ts';
import { readPatch } from '../../../lab/src/patch/read-patch.ts';

describe('directoryPatch', () => {
  const { signal } = new AbortController();
  let root: string;
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lpl-directory-'));
    for (const name of ['source', 'edited']) mkdirSync(join(root, name, 'fs'), { recursive: true });
    write('source/fs/x.c', 'int f(void)\n{\n\treturn 1;\n}\n');
    write('source/fs/same.c', 'same\n');
    write('edited/fs/same.c', 'same\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const patch = () => directoryPatch(join(root, 'edited'), join(root, 'source'), signal);

  it('is the difference of what was edited, as a patch that can be read again', async () => {
    write('edited/fs/x.c', 'int f(void)\n{\n\treturn 2;\n}\n');
    const files = readPatch(await patch());
    assert.ok(Array.isArray(files));
    assert.deepEqual(
      files.map(({ path, change }) => [path, change]),
      [['fs/x.c', 'modified']],
    );
  });

  it('has new files of a work tree, not what a build left', async () => {
    write('edited/fs/new.c', 'int g;\n');
    write('edited/fs/x.mod.c', 'int g;\n');
    write('edited/fs/x.o', 'object');
    assert.match(await patch(), /^--- \/dev\/null\n\+\+\+ b\/fs\/new.c\n@@[^\n]*\n\+int g;\n$/);
    write('edited/.config', '');
    assert.equal(await patch(), '');
  });

  it('is empty when nothing differs, and says when there is no such directory', async () => {
    assert.equal(await patch(), '');
    await assert.rejects(directoryPatch(join(root, 'none'), join(root, 'source'), signal), { code: 'patch.invalid' });
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparePatch } from '../../../lab/src/build/prepare-patch.ts';
import { isRefused } from '../../../lab/src/build/refused.ts';

const diff = (path: string, hunk = '@@ -1,2 +1,3 @@\n one\n+new\n two\n') => `--- a/${path}\n+++ b/${path}\n${hunk}`;

describe('preparePatch', () => {
  let source: string;
  before(() => {
    source = mkdtempSync(join(tmpdir(), 'lpl-patch-'));
    mkdirSync(join(source, 'fs'));
    writeFileSync(join(source, 'fs/x.c'), 'one\ntwo\n');
    writeFileSync(join(source, 'fs/x.h'), 'one\ntwo\n');
    writeFileSync(join(source, 'fs/latin1.c'), Buffer.from('one\ntwo\n/* \xe9 */\n', 'latin1'));
  });
  after(() => rmSync(source, { recursive: true }));

  const prepare = (patch: string) => preparePatch(patch, { source, release: '6.12.94-test' });
  const rulesOf = async (patch: string) => {
    const result = await prepare(patch);
    return isRefused(result)
      ? result.reasons.map(({ rule, file, line }) => [rule, file, line].filter(Boolean).join(' '))
      : 'applied';
  };

  it('applies a patch to the source in memory', async () => {
    const result = await prepare(diff('fs/x.c'));
    assert.ok(!isRefused(result));
    assert.equal(result[0]?.applied.text, 'one\nnew\ntwo\n');
  });

  it('passes over what is no code, as long as there is some', async () => {
    assert.equal(await rulesOf(diff('fs/x.c') + diff('Documentation/x.rst')), 'applied');
    assert.deepEqual(await rulesOf(diff('Documentation/x.rst')), ['patch-no-code Documentation/x.rst']);
  });

  it('applies to headers as well', async () => assert.equal(await rulesOf(diff('fs/x.h')), 'applied'));

  it('keeps bytes that are no UTF-8', async () => {
    const result = await prepare(diff('fs/latin1.c'));
    assert.ok(!isRefused(result));
    assert.ok(Buffer.from(result[0]?.applied.text ?? '', 'latin1').includes(0xe9));
  });

  for (const [what, patch, rules] of [
    ['an empty file', '', ['patch-empty']],
    ['a binary file', '\u007fELF\0\0', ['patch-binary']],
    ['a damaged hunk', diff('fs/x.c', '@@ -1,5 +1,6 @@\n one\n+new\n two\n'), ['patch-truncated fs/x.c']],
    ['a path out of the tree', diff('../../etc/passwd'), ['patch-path']],
    ['a path out of the tree by a detour', diff('fs/../../etc/passwd'), ['patch-path']],
    ['an absolute path', '--- /etc/passwd\n+++ /etc/passwd\n@@ -1,1 +1,1 @@\n-a\n+b\n', ['patch-path']],
    ['an unknown file', diff('fs/none.c'), ['patch-no-such-file fs/none.c']],
    ['a file as a directory', diff('fs/x.c/y.c'), ['patch-no-such-file fs/x.c/y.c']],
    ['context that differs', diff('fs/x.c', '@@ -1,2 +1,3 @@\n ONE\n+new\n two\n'), ['patch-does-not-apply fs/x.c 1']],
    ['a new file', '--- /dev/null\n+++ b/fs/new.c\n@@ -0,0 +1,1 @@\n+int x;\n', ['patch-file-set fs/new.c']],
    ['lib/', diff('lib/x.c'), ['NP01 lib/x.c 2']],
    ['assembly', diff('arch/x86/entry/x.S'), ['NP01 arch/x86/entry/x.S 2']],
    ['a new header', '--- /dev/null\n+++ b/fs/new.h\n@@ -0,0 +1,1 @@\n+int x;\n', ['patch-file-set fs/new.h']],
    ['several at once', diff('lib/x.c') + diff('fs/none.h'), ['NP01 lib/x.c 2']],
  ] as const)
    it(`refuses ${what}`, async () => assert.deepEqual(await rulesOf(patch), rules));
});

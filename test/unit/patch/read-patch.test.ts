import assert from 'node:assert/strict';
import { type PatchedFile, readPatch } from '../../../lab/src/patch/read-patch.ts';

const hunk = '@@ -1,2 +1,3 @@\n one\n+new\n two\n';
const plain = `--- a/fs/x.c\n+++ b/fs/x.c\n${hunk}`;

function files(text: string): PatchedFile[] {
  const read = readPatch(text);
  assert.ok(Array.isArray(read), JSON.stringify(read));
  return read;
}

describe('readPatch', () => {
  it('reads path, hunk and lines', () => {
    const [file] = files(plain);
    assert.equal(file?.path, 'fs/x.c');
    assert.equal(file.change, 'modified');
    assert.deepEqual(
      file.hunks[0]?.lines.map(({ kind, text }) => `${kind} ${text}`),
      ['keep one', 'add new', 'keep two'],
    );
    assert.equal(file.hunks[0].patchLine, 3);
  });

  it('reads what git format-patch writes, with its letter around it', () => {
    const mail = `From 1234 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\n---\n fs/x.c | 1 +\n\ndiff --git a/fs/x.c b/fs/x.c\nindex 1..2 100644\n${plain}-- \n2.47.0\n`;
    assert.deepEqual(
      files(mail).map(({ path, hunks }) => [path, hunks.length]),
      [['fs/x.c', 1]],
    );
  });

  it('reads several files and keeps their order', () => {
    const two = plain + plain.replaceAll('fs/x.c', 'mm/y.c');
    assert.deepEqual(
      files(two).map(({ path }) => path),
      ['fs/x.c', 'mm/y.c'],
    );
  });

  it('tells created and deleted files', () => {
    const created = '--- /dev/null\n+++ b/fs/new.c\n@@ -0,0 +1,1 @@\n+int x;\n';
    assert.equal(files(created)[0]?.change, 'created');
    const deleted = '--- a/fs/old.c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-int x;\n';
    assert.deepEqual(
      files(deleted).map(({ path, change }) => [path, change]),
      [['fs/old.c', 'deleted']],
    );
  });

  it('reads a patch that a mailer gave the line ends of Windows, and leaves those of a file that has them', () => {
    assert.deepEqual(files(plain.replaceAll('\n', '\r\n')), files(plain));
    const [mixed] = files(plain.replaceAll(/^([ +].*)\n/gm, '$1\r\n'));
    assert.deepEqual(
      mixed?.hunks[0]?.lines.map(({ text }) => text),
      ['one\r', 'new\r', 'two\r'],
    );
  });

  it('says which line is no UTF-8', () => {
    const latin1 = Buffer.from(plain.replace('new', '/* J\xfcrgen */'), 'latin1').toString('utf8');
    assert.deepEqual(readPatch(latin1), { kind: 'not-utf8', line: 5 });
    assert.ok(Array.isArray(readPatch(plain.replace('new', '/* Jürgen */'))));
  });

  it('does not hide a path that leads out of the tree', () => {
    const escape = plain.replaceAll('fs/x.c', '../../etc/passwd');
    assert.equal(files(escape)[0]?.path, '../../etc/passwd');
  });

  for (const [what, text, kind] of [
    ['nothing', '', 'empty'],
    ['a letter without a patch', 'Dear maintainer,\n\nplease fix.\n', 'empty'],
    ['a mode change only', 'diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n', 'empty'],
    ['NUL bytes', `${plain}\0`, 'binary'],
    ['a binary patch of git', 'diff --git a/x b/x\nGIT binary patch\nliteral 4\n', 'binary'],
    ['a hunk that is too short', plain.replace('@@ -1,2 +1,3 @@', '@@ -1,9 +1,10 @@'), 'truncated'],
  ] as const)
    it(`says ${kind} of ${what}`, () => {
      const read = readPatch(text);
      assert.equal(Array.isArray(read) ? 'a patch' : read.kind, kind);
    });
});

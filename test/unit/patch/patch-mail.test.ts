// A patch to send, judged by git itself; and what git is asked of a commit.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabError } from '../../../lab/src/core/error.ts';
import { commitPatch } from '../../../lab/src/patch/git-patch.ts';
import { patchMail } from '../../../lab/src/patch/patch-mail.ts';
import { type PatchedFile, readPatch } from '../../../lab/src/patch/read-patch.ts';

const diff = '--- a/a.c\n+++ b/a.c\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n';
const author = { name: 'Jürgen Groß', email: 'j@example.org' };

describe('patchMail', () => {
  let root: string;
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const mail = (body: string) =>
    patchMail({
      ...{ subject: 'a: count  on', body, author, signOff: true, diff, date: new Date(0), tool: 'lpl' },
      files: readPatch(diff) as PatchedFile[],
    });

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'lpl-mail-'));
    git('init', '--quiet');
    await writeFile(join(root, 'a.c'), 'one\ntwo\n');
    git('add', 'a.c');
    git('commit', '--quiet', '--message', 'first');
  });

  after(() => rm(root, { recursive: true }));

  it('is taken by git am as it was meant, and a commit gives the same change back', async () => {
    await writeFile(join(root, 'x.patch'), mail('It counted to two.\n\nFixes: 123456789012 ("a: begin")'));
    git('am', '--quiet', 'x.patch');
    assert.equal(
      git('log', '-1', '--format=%an <%ae>%n%s%n%n%b').trim(),
      [
        'Jürgen Groß <j@example.org>\na: count on\n\nIt counted to two.\n',
        'Fixes: 123456789012 ("a: begin")\nSigned-off-by: Jürgen Groß <j@example.org>',
      ].join('\n'),
    );
    const patch = await commitPatch({ repository: root, commit: 'HEAD' }, AbortSignal.timeout(9000));
    assert.deepEqual(readPatch(patch), (readPatch(diff) as PatchedFile[]).map(at(readPatch(patch) as PatchedFile[])));
  });

  it('signs off once, and says how much changes', () => {
    const text = mail('Why.\n\nSigned-off-by: Jürgen Groß <j@example.org>');
    assert.equal(text.match(/Signed-off-by/g)?.length, 1);
    assert.match(text, /^ a\.c \| 3 \+\+-\n 1 file changed, 2 insertions\(\+\), 1 deletion\(-\)$/m);
  });

  it('takes no option for a commit', async () => {
    const commit = '--output=/nowhere/x';
    await assert.rejects(
      commitPatch({ repository: root, commit }, AbortSignal.timeout(9000)),
      (error: LabError) => error.code === 'patch.invalid',
    );
  });
});

/** The same with the lines of the patch at which the other one has its hunks. */
const at =
  (others: readonly PatchedFile[]) =>
  (file: PatchedFile, index: number): PatchedFile => ({
    ...file,
    hunks: file.hunks.map((hunk, nth) => ({ ...hunk, patchLine: others[index]?.hunks[nth]?.patchLine ?? 0 })),
  });

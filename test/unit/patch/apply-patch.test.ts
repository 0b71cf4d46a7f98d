import assert from 'node:assert/strict';
import { applyPatch } from '../../../lab/src/patch/apply-patch.ts';
import type { PatchedFile } from '../../../lab/src/patch/read-patch.ts';
import { readPatch } from '../../../lab/src/patch/read-patch.ts';

const original = ['a', 'b', 'c', 'd', 'e', 'f', 'g', ''].join('\n');

function file(hunks: string): PatchedFile {
  const read = readPatch(`--- a/x.c\n+++ b/x.c\n${hunks}`);
  assert.ok(Array.isArray(read));
  return read[0] as PatchedFile;
}

const insertAfterC = (line: number) => file(`@@ -${line},2 +${line},3 @@\n c\n+new\n d\n`);

describe('applyPatch', () => {
  it('applies a hunk and says which lines changed', () => {
    const applied = applyPatch(original, insertAfterC(3));
    assert.ok('text' in applied);
    assert.equal(applied.text, 'a\nb\nc\nnew\nd\ne\nf\ng\n');
    assert.deepEqual(applied.changes, [{ oldLine: 4, oldCount: 0, newLine: 4, newCount: 1 }]);
  });

  it('finds a hunk that moved', () => {
    const applied = applyPatch(original, insertAfterC(1));
    assert.ok('text' in applied);
    assert.equal(applied.text, 'a\nb\nc\nnew\nd\ne\nf\ng\n');
  });

  it('carries the offset on to later hunks, also to equal text', () => {
    const twice = `x\n${original}${original}`;
    const hunks = file('@@ -1,1 +1,1 @@\n-a\n+A\n@@ -8,1 +8,1 @@\n-a\n+A\n');
    const applied = applyPatch(twice, hunks);
    assert.ok('text' in applied);
    assert.equal(applied.text.match(/A/g)?.length, 2);
  });

  it('refuses fuzz: one differing context line is a misfit, named by its place', () => {
    const result = applyPatch(original.replace('d', 'D'), insertAfterC(3));
    assert.deepEqual(result, { misfit: { patchLine: 3, line: 3 } });
  });

  it('never applies hunks out of order', () => {
    const result = applyPatch(original, file('@@ -5,1 +5,1 @@\n-e\n+E\n@@ -6,1 +6,1 @@\n-b\n+B\n'));
    assert.ok('misfit' in result);
  });
});

import assert from 'node:assert/strict';
import { applyPatch } from '../../../lab/src/patch/apply-patch.ts';
import { keepLineNumbers } from '../../../lab/src/patch/keep-line-numbers.ts';
import { type PatchedFile, readPatch } from '../../../lab/src/patch/read-patch.ts';

/** __LINE__ of each line as the preprocessor counts. */
function lineNumbers(source: string): Map<string, number> {
  const numbers = new Map<string, number>();
  let line = 1;
  for (const text of source.split('\n')) {
    const directive = /^#line (\d+)/.exec(text)?.[1];
    if (directive) line = Number(directive);
    else numbers.set(text, line++);
  }
  return numbers;
}

function patched(original: string, hunk: string): string {
  const files = readPatch(`--- a/x.c\n+++ b/x.c\n${hunk}`) as PatchedFile[];
  const applied = applyPatch(original, files[0] as PatchedFile);
  assert.ok('text' in applied);
  return keepLineNumbers(applied);
}

const original = 'int a;\nvoid f(void)\n{\n\tone();\n\ttwo();\n}\nint last;\n';

describe('keepLineNumbers', () => {
  it('keeps the line of everything behind an inserted line', () => {
    const before = lineNumbers(original);
    const after = lineNumbers(patched(original, '@@ -4,2 +4,3 @@\n \tone();\n+\tnew();\n \ttwo();\n'));
    for (const text of ['int a;', '\tone();', '\ttwo();', 'int last;'])
      assert.equal(after.get(text), before.get(text), text);
  });

  it('keeps them behind removed lines and several hunks', () => {
    const before = lineNumbers(original);
    const after = lineNumbers(
      patched(
        original,
        '@@ -1,2 +1,4 @@\n int a;\n+int b;\n+int c;\n void f(void)\n@@ -4,2 +6,1 @@\n-\tone();\n \ttwo();\n',
      ),
    );
    for (const text of ['void f(void)', '\ttwo();', 'int last;']) assert.equal(after.get(text), before.get(text), text);
  });

  it('leaves a patch alone that shifts nothing', () => {
    assert.doesNotMatch(patched(original, '@@ -4,1 +4,1 @@\n-\tone();\n+\tother();\n'), /#line/);
  });

  it('does not cut a macro, a comment or a statement in two', () => {
    const source = '#define M(x) \\\n\tdo_it(x, \\\n\t1)\n/* first\n * second\n */\nint tail;\n';
    const text = patched(source, '@@ -1,2 +1,3 @@\n #define M(x) \\\n+\tmore(x), \\\n \tdo_it(x, \\\n');
    const lines = text.split('\n');
    const at = lines.findIndex((line) => line.startsWith('#line'));
    assert.ok(at > lines.indexOf('\t1)'), text);
    assert.equal(lineNumbers(text).get('int tail;'), 7);
  });
});

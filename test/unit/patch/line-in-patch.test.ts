import assert from 'node:assert/strict';
import { lineInPatch } from '../../../lab/src/patch/line-in-patch.ts';
import { fixPatch } from '../../support/matrix.ts';

describe('lineInPatch', () => {
  const patch = `A title\n\n${fixPatch}@@ -100,2 +101,2 @@\n-	old();\n+	new();\n 	rest();\n`;

  it('finds the line of the patch that made a line', () => {
    assert.equal(lineInPatch(patch, 'fs/x.c', 11), 7);
    assert.equal(lineInPatch(patch, 'fs/x.c', 101), 12);
  });

  it('takes the nearest change for a line that the patch did not make, and the first for no line', () => {
    assert.equal(lineInPatch(patch, 'fs/x.c', 14), 7);
    assert.equal(lineInPatch(patch, 'fs/x.c', 900), 12);
    assert.equal(lineInPatch(patch, 'fs/x.c', undefined), 7);
  });

  it('knows nothing of other files and of what is no patch', () => {
    assert.equal(lineInPatch(patch, 'fs/y.c', 11), undefined);
    assert.equal(lineInPatch('no patch', 'fs/x.c', 11), undefined);
  });
});

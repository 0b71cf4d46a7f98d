// What differs between two texts, line by line.

import assert from 'node:assert/strict';
import { changesOf } from '../../../extension/src/source/changes-of.ts';

/** Takes every change back, last first. */
function undo(before: string, after: string): string {
  const lines = after.split(/(?<=\n)/);
  for (const change of changesOf(before, after).toReversed())
    lines.splice(change.from, change.to - change.from, change.before);
  return lines.join('');
}

describe('changesOf', () => {
  const text = 'one\ntwo\nthree\nfour\n';

  it('finds nothing in equal texts', () => assert.deepEqual(changesOf(text, text), []));

  it('says which lines are there instead of which', () => {
    assert.deepEqual(changesOf(text, 'one\n2\nthree\nfour\n'), [{ from: 1, to: 2, before: 'two\n' }]);
  });

  it('gives what leads back, whatever was done', () => {
    const edits = [
      'two\nthree\nfour\n',
      'one\ntwo\nthree\n',
      'zero\none\ntwo\nthree\nfour\n',
      'one\nfour\nfive\n',
      '',
      'x\n',
    ];
    for (const edit of edits) assert.equal(undo(text, edit), text, edit);
  });
});

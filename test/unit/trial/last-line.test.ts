import assert from 'node:assert/strict';
import { lastLine } from '../../../lab/src/trial/last-line.ts';

describe('lastLine', () => {
  const said: [output: string, line: string][] = [
    ['', ''],
    ['one\ntwo\n', 'two'],
    ['10 %\r100 %\r\n', '100 %'],
    ['one\n\x1b[31mtwo\x1b[0m\n\x1b[0m', 'two'],
    ['\x1b]0;title\x07a\x01b\tc', 'ab\tc'],
  ];
  for (const [output, line] of said)
    it(`of ${JSON.stringify(output)}`, () => {
      assert.equal(lastLine(output), line);
    });
});

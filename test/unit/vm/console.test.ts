import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followConsole, lastConsoleLines } from '../../../lab/src/vm/console.ts';

describe('console follower', () => {
  let directory: string;
  let log: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lpl-console-'));
    log = join(directory, 'console.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('gives whole lines without control sequences, though they come in pieces', async () => {
    writeFileSync(log, '\x1bc\x1b[?7lfirst\r\nsec');
    const lines: string[] = [];
    const following = followConsole(log, { signal: AbortSignal.timeout(2_000) }, (line) => {
      lines.push(line);
      return line === 'second' ? 'done' : undefined;
    });
    appendFileSync(log, 'ond\r\nthird\r\n');
    assert.equal(await following, 'done');
    assert.deepEqual(lines, ['first', 'second']);
  });

  it('begins at a byte and ends when the log is over', async () => {
    writeFileSync(log, 'old\nnew\n');
    const lines: string[] = [];
    const options = { signal: AbortSignal.timeout(2_000), from: 4, isOver: () => true };
    assert.equal(await followConsole(log, options, (line) => void lines.push(line)), undefined);
    assert.deepEqual(lines, ['new']);
  });

  it('cuts a line without end', async () => {
    writeFileSync(log, `${'x'.repeat(200_000)}\nend\n`);
    const lengths: number[] = [];
    const options = { signal: AbortSignal.timeout(2_000), isOver: () => true };
    await followConsole(log, options, (line) => void lengths.push(line.length));
    assert.deepEqual(lengths, [2_000, 3]);
  });

  it('rejects when the signal aborts', async () => {
    writeFileSync(log, '');
    const abort = new AbortController();
    const following = followConsole(log, { signal: abort.signal }, () => undefined);
    abort.abort(new Error('enough'));
    await assert.rejects(following, /enough/);
  });

  it('reads the last lines, and none of a file that is not there', async () => {
    writeFileSync(log, 'a\nb\n\nc\n');
    assert.deepEqual(await lastConsoleLines(log, 2), ['b', 'c']);
    assert.deepEqual(await lastConsoleLines(`${log}.none`, 2), []);
    writeFileSync(log, '');
    assert.deepEqual(await lastConsoleLines(log, 2), []);
  });
});

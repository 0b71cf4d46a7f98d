import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FollowOptions, followConsole, lastConsoleLines } from '../../../../lab/src/vm/console/console.ts';
import { consoleEnd, copyConsole } from '../../../../lab/src/vm/console/console-segments.ts';

describe('console follower', () => {
  let directory: string;
  let log: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lpl-console-'));
    log = join(directory, 'console.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** All lines of a log to which nobody adds. */
  const linesOf = async (options: Partial<FollowOptions>) => {
    const lines: string[] = [];
    const over = { signal: AbortSignal.timeout(2_000), isOver: () => true, ...options };
    await followConsole(log, over, (line) => void lines.push(line));
    return lines;
  };

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

  it('begins at a mark and ends when the log is over', async () => {
    writeFileSync(log, 'old\n');
    const from = await consoleEnd(log);
    appendFileSync(log, 'new\n');
    assert.deepEqual(await linesOf({ from }), ['new']);
  });

  it('goes from segment to segment, and from one that is gone to the oldest there is', async () => {
    writeFileSync(log, '2026-11-23T15:21:36.07218 one\n2026-11-23T15:21:36.07300 tw');
    const from = await consoleEnd(log);
    const lines: string[] = [];
    const abort = new AbortController();
    const all = followConsole(log, { signal: abort.signal }, (text, { at }) => {
      lines.push(text);
      if (lines.length === 1) assert.equal(at, Date.UTC(2026, 10, 23, 15, 21, 36, 72));
      return text === 'four' ? true : undefined;
    });
    appendFileSync(log, 'o\n');
    renameSync(log, join(directory, '@400000006b0458ba2b38a0ec.s'));
    writeFileSync(log, 'three\n');
    renameSync(log, join(directory, '@400000006b0458bb2b38a0ec.s'));
    writeFileSync(log, 'four\n');
    await all;
    assert.deepEqual(lines, ['one', 'two', 'three', 'four']);
    assert.deepEqual(await linesOf({ from }), ['o', 'three', 'four']);
    rmSync(join(directory, '@400000006b0458ba2b38a0ec.s'));
    assert.deepEqual(await linesOf({ from }), ['three', 'four']);
    assert.deepEqual(await lastConsoleLines(log, 2), ['three', 'four']);
    await copyConsole(log, join(directory, 'copy'));
    assert.equal(readFileSync(join(directory, 'copy'), 'utf8'), 'three\nfour\n');
  });

  it('takes off whatever would steer a terminal', async () => {
    writeFileSync(log, '\x1b]0;title\x07a\x1b[31mb\x00\x1b(c\td\x07\n');
    assert.deepEqual(await linesOf({}), ['abc\td']);
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
    assert.deepEqual(await lastConsoleLines(log, 0), []);
    assert.deepEqual(await lastConsoleLines(`${log}.none`, 2), []);
    writeFileSync(log, '');
    assert.deepEqual(await lastConsoleLines(log, 2), []);
  });
});

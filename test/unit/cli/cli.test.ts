import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parseAge, parseSize, showPruned } from '../../../lab/src/cli/commands/cache.ts';
import { copyCommand } from '../../../lab/src/cli/commands/vm-copy.ts';
import { exitCodeOf } from '../../../lab/src/cli/exit-code.ts';
import { commandTree } from '../../../lab/src/cli/main.ts';
import { openProgressView } from '../../../lab/src/cli/progress-view.ts';
import { endedLine, formatMs, paintFor, runningLines } from '../../../lab/src/cli/stage-lines.ts';
import { LabError } from '../../../lab/src/core/error.ts';
import type { StageView } from '../../../lab/src/core/progress.ts';
import { parseForward } from '../../../lab/src/vm/qemu/forwards.ts';

const lpl = join(import.meta.dirname, '../../../lab/bin/lpl.mjs');
const plain = paintFor(false);
const stage: StageView = { path: 'a/b', title: 'boot', depth: 1, state: 'running', startedAt: 0, cached: false };

describe('exitCodeOf', () => {
  it('tells usage, lock, cancel and "could not find out" apart', () => {
    const codes = (['usage.invalid', 'state.locked', 'op.cancelled', 'qemu.exited', 'bug'] as const).map((code) =>
      exitCodeOf(new LabError(code, 'x')),
    );
    assert.deepEqual(codes, [2, 75, 130, 69, 69]);
    assert.equal(exitCodeOf(new TypeError('x')), 69);
  });
});

describe('stage lines', () => {
  it('show time, cache, note and error', () => {
    assert.equal(endedLine({ ...stage, state: 'done', ms: 1234, note: 'ready' }, plain), '  ✔ boot 1.2 s  ready');
    assert.equal(endedLine({ ...stage, state: 'done', ms: 3, cached: true }, plain), '  ✔ boot cached');
    const error = { code: 'bug', message: 'broke', culprit: 'us' } as const;
    assert.equal(endedLine({ ...stage, state: 'failed', ms: 3, error }, plain), '  ✖ boot 3 ms  broke');
  });

  it('show what is waited for and how far it is, within the terminal', () => {
    const running = { ...stage, waiting: 'the mirror', progress: { done: 5e6, total: 20e6, unit: 'bytes' } };
    const [line] = runningLines({ name: 'x', state: 'running', stages: [running] }, 2000, plain, 100);
    assert.match(line ?? '', /boot 2\.0 s {2}5\.0 MB of 20\.0 MB {2}the mirror$/);
    const [narrow] = runningLines({ name: 'x', state: 'running', stages: [running] }, 2000, plain, 20);
    assert.ok((narrow ?? '').length < 20);
  });

  it('formats times for people', () => {
    assert.deepEqual([900, 1500, 99_900, 150_000].map(formatMs), ['900 ms', '1.5 s', '99.9 s', '2 min 30 s']);
  });
});

describe('progress view', () => {
  it('lets nothing that a guest made steer the terminal', () => {
    const written: string[] = [];
    const stream = { write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
    const tasks = [{ pid: 7, comm: '\x1b[2Jcat\x07', stack: ['f+0x1'], state: 'S', patchState: 0 }];
    openProgressView(stream, 'text', false).show({
      at: 0,
      op: 'o',
      type: 'klp.stalled',
      vm: 'v',
      module: 'fix',
      tasks,
    });
    assert.deepEqual(written, ['  cat[7] holds fix back, in f+0x1\n']);
  });
});

describe('progress view of what was at hand already', () => {
  /** The lines that its end leaves, on a terminal or on a pipe. */
  const left = (isTTY: boolean, end: { note?: string }, stage = 'a') => {
    const written: string[] = [];
    const write = (text: string) => written.push(text);
    const stream = { isTTY, write, columns: 80, rows: 24, hasColors: () => false } as unknown as NodeJS.WriteStream;
    const view = openProgressView(stream, 'text', false);
    view.show({ at: 0, op: 'o', type: 'stage.start', stage, title: 'target' });
    view.show({ at: 0, op: 'o', type: 'stage.end', stage, ok: true, ms: 1, cached: true, ...end });
    view.end();
    return written.filter((text) => text.includes('✔'));
  };

  it('is a line at the top; on a terminal only when it tells something', () => {
    for (const isTTY of [true, false]) {
      assert.deepEqual(left(isTTY, { note: '6.12.1' }), ['✔ target cached  6.12.1\n']);
      assert.deepEqual(left(isTTY, { note: '6.12.1' }, 'a/b'), []);
    }
    assert.deepEqual(left(true, {}), []);
    assert.deepEqual(left(false, {}), ['✔ target cached\n']);
  });
});

describe('lpl', function () {
  this.timeout(20_000);

  it('has help with an example for every command', () => {
    const tree = commandTree(() => assert.fail('help needs no lab'));
    const leaves = (command: Command): Command[] =>
      command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
    assert.ok(leaves(tree).length > 15);
    for (const command of leaves(tree)) {
      let text = '';
      command.configureOutput({ writeOut: (written) => void (text += written) }).outputHelp();
      assert.match(text, /Example:\n +lpl /, command.name());
    }
  });

  it('ends with 2 for a command or option that does not exist', () => {
    for (const words of [['nonsense'], ['build'], ['vm', 'up', 'x', '--nonsense']])
      assert.equal(spawnSync(process.execPath, [lpl, ...words]).status, 2, words.join(' '));
  });

  it('says what is wrong with its words as JSON to who asked for JSON', () => {
    for (const [words, message] of [
      [['nonsense'], /unknown command 'nonsense'/],
      [['build'], /missing required argument 'PATCH'/],
      [['build', 'x', '--engine', 'x'], /Allowed choices are/],
      [['vm'], /^no command is given$/],
    ] as const) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [lpl, ...words, '--json'], { encoding: 'utf8' });
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
      assert.deepEqual([status, error.code, stderr], [2, 'usage.invalid', '']);
      assert.match(error.message, message);
    }
  });

  it('says nothing when whoever read its output has gone', async () => {
    const child = spawn(process.execPath, [lpl, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [complaints] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([child.exitCode, complaints], [0, '']);
  });
});

describe('lpl vm cp', () => {
  it('knows which side is in a machine', () => {
    assert.deepEqual(copyCommand('a/b:c', 'web1:x'), {
      vm: 'web1',
      direction: 'to-guest',
      from: 'a/b:c',
      to: '/root/x',
    });
    assert.deepEqual(copyCommand('web1:/etc/rc', '.'), {
      vm: 'web1',
      direction: 'from-guest',
      from: '/etc/rc',
      to: '.',
    });
  });

  it('wants exactly one', () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['web1:/a', 'web2:/b'],
    ] as const)
      assert.throws(() => copyCommand(from, to), { code: 'usage.invalid' });
  });
});

describe('lpl vm up --forward', () => {
  it('takes two ports', () => assert.deepEqual(parseForward('8080:80'), { host: 8080, guest: 80 }));

  for (const bad of ['80', '0:80', '8080:65536', '127.0.0.1:80:80', 'a:b', '8080:80 '])
    it(`refuses ${JSON.stringify(bad)}`, () => assert.throws(() => parseForward(bad), { code: 'usage.invalid' }));
});

describe('lpl cache prune', () => {
  it('takes hours and days, megabytes and gigabytes', () => {
    assert.deepEqual([parseAge('12h'), parseAge('14d')], [12 * 3600_000, 14 * 24 * 3600_000]);
    assert.deepEqual([parseSize('500M'), parseSize('20G')], [500 * 2 ** 20, 20 * 2 ** 30]);
  });

  for (const bad of ['', '14', 'd', '-1d', '1.5d', '14d ', '1w', '20'])
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assert.throws(() => parseAge(bad), { code: 'commander.invalidArgument' });
      assert.throws(() => parseSize(bad), { code: 'commander.invalidArgument' });
    });

  it('tells what went, what stays and for whom, and what is left', () => {
    const artefact = { room: 'roots', diskBytes: 3_000_000, madeAt: 0, usedAt: 0, targets: [] };
    const spared = [{ ...artefact, name: 'b', keptBy: 'machine web1' }];
    const result = { removed: [{ ...artefact, name: 'a' }], spared, freedBytes: 3_000_000, leftBytes: 3_000_000 };
    const [, first, second, last] = showPruned(result, 'delete').split('\n');
    assert.match(first ?? '', /^roots +3\.0 MB +a$/);
    assert.match(second ?? '', /^roots +3\.0 MB +b +stays, used by machine web1$/);
    assert.equal(last, 'freed 3.0 MB; 3.0 MB are left');
    assert.match(showPruned(result, 'report'), /would free 3\.0 MB; 3\.0 MB would be left$/);
  });
});

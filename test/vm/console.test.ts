// The console of a real machine: a log with the host's time that stays small, and a terminal for several at once.

import assert from 'node:assert/strict';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitUntil } from '../../lab/src/core/wait.ts';
import { followConsole, lastConsole, lastConsoleLines } from '../../lab/src/vm/console/console.ts';
import { consoleEnd } from '../../lab/src/vm/console/console-segments.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { withTerminal } from '../../lab/src/vm/console/terminal.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';

const { signal } = new AbortController();

describe('a console', () => {
  let lab: TestLab;
  let machine: RunningMachine;
  before(async () => {
    lab = await openTestLab();
    machine = await startTestMachine(lab.paths, 'console', { start: 'cold' });
  });
  after(async () => {
    await machine.stop();
    await lab.close();
  });

  const log = () => machine.files.consoleLog;
  const print = async (script: string) => {
    const { exitCode, stderr } = await machine.guest.script(script, { signal, timeoutMs: 600_000 });
    assert.equal(exitCode, 0, stderr);
  };
  const logger = async () => (JSON.parse(await readFile(machine.files.logger, 'utf8')) as { pid: number }).pid;

  it('is logged from the first line of the boot, with the time of each', async () => {
    const text = await readFile(log(), 'utf8');
    assert.match(text, /^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{5} .*lpl-guest: waiting/m);
    const lines = await lastConsole(log(), 100);
    assert.ok(lines.every(({ at }) => at !== undefined && at <= Date.now() && at > Date.now() - 3600_000));
  });

  it('is a terminal for several at once, who see the same', async () => {
    const until = (what: string, seen: () => string) =>
      waitUntil({ what, timeoutMs: 120_000, signal }, () => (/answer=42/.test(seen()) ? true : undefined));
    await withTerminal(machine.files, signal, async (first) => {
      let seen = '';
      first.on('data', (chunk: Buffer) => void (seen += String(chunk)));
      await withTerminal(machine.files, signal, async (second) => {
        let alsoSeen = '';
        second.on('data', (chunk: Buffer) => void (alsoSeen += String(chunk)));
        await withTerminal(machine.files, signal, async (third) => {
          third.resume();
          await assert.rejects(
            withTerminal(machine.files, signal, () => Promise.resolve()),
            { code: 'state.locked' },
          );
        });
        second.write('\necho answer=$((6*7))\n');
        await Promise.all([until('the first terminal', () => seen), until('the second one', () => alsoSeen)]);
      });
    });
    // The log has another reader, who may come later.
    await waitUntil(
      { what: 'the log', timeoutMs: 120_000, signal },
      async () => (await lastConsoleLines(log(), 20)).some((line) => line.startsWith('answer=42')) || undefined,
    );
  });

  it('stays within its bounds however much the guest prints, and a follower misses nothing', async () => {
    // The same rules on a smaller scale: under TCG a guest takes a minute to print what a real log may hold.
    writeFileSync(join(machine.files.consoleDirectory, 'config'), 's65536\nn7\nN1\n');
    process.kill(await logger(), 'SIGHUP');
    const numbers: number[] = [];
    const following = followConsole(log(), { signal, from: await consoleEnd(log()) }, (line) => {
      if (/^spam \d+ /.test(line)) numbers.push(Number(line.split(' ')[1]));
      return line === 'spam end' ? true : undefined;
    });
    await print(
      '(echo; seq 20000 | sed "s/.*/spam & ......................................../"; echo spam end) > /dev/ttyS0',
    );
    await following;
    assert.deepEqual(
      numbers,
      Array.from({ length: 20_000 }, (_, index) => index + 1),
    );
    const { consoleDirectory } = machine.files;
    const sizes = readdirSync(consoleDirectory).map((name) => statSync(join(consoleDirectory, name)).size);
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 8 * 65_536 + 1_000);
  });

  it('is logged again when the logger is killed, and the log says so', async () => {
    const before = await logger();
    const from = await consoleEnd(log());
    const abort = new AbortController();
    const watching = machine.watch({ signal: abort.signal, onEvent: () => undefined });
    process.kill(before, 'SIGKILL');
    const told = followConsole(log(), { signal, from }, (line) => /its logger had died$/.test(line) || undefined);
    assert.equal(await told, true);
    assert.notEqual(await logger(), before);
    const again = followConsole(log(), { signal, from }, (line) => line === 'still here' || undefined);
    await print('echo still here > /dev/ttyS0');
    assert.equal(await again, true);
    abort.abort();
    await watching;
  });

  it('keeps its log when the machine has stopped, the last line included', async () => {
    await print('echo the end > /dev/ttyS0');
    await machine.stop();
    assert.equal((await lastConsoleLines(log(), 1))[0], 'the end');
    await assert.rejects(
      withTerminal(machine.files, signal, () => Promise.resolve()),
      { code: 'vm.not-running' },
    );
  });
});

// Terminals over the fake lab: the serial console, a shell, and a debugger on the kernel, in an extension or in a terminal.

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { debug, type DebugConfiguration, type Terminal, window } from 'vscode';
import { guestPty } from '../../../extension/src/terminals/guest-terminal.ts';
import type { FakeExtension } from '../fixtures/fake-extension.ts';
import { fakeMachine } from '../fixtures/fake-facts.ts';
import { freshFakeWindow, run } from './fake-window.ts';
import { until } from './until.ts';

describe('terminals', () => {
  let fake: FakeExtension;
  let heard: string;
  const acts = (word: RegExp) => fake.lab.calls.filter((call) => word.test(call));

  beforeEach(async () => {
    fake = await freshFakeWindow();
    fake.lab.machines = [fakeMachine('web1')];
    fake.lab.line = new PassThrough();
    heard = '';
    fake.lab.line.on('data', (data: Buffer) => (heard += data.toString()));
  });

  afterEach(() => window.terminals.forEach((terminal) => terminal.dispose()));

  it('show the serial console, both ways, until they are closed', async () => {
    const terminal = await run<Terminal>('openConsole', { machine: 'web1' });
    assert.equal(terminal.name, 'web1 console');
    await until('the connection', () => acts(/^vmTerminal/).length === 1);
    terminal.sendText('uname');
    await until('what was typed', () => heard.includes('uname'));
    terminal.dispose();
    assert.deepEqual(acts(/^vm(Down|Reset)/), [], 'the machine goes on');
  });

  it('show the log of a machine that does not run', async () => {
    fake.lab.machines = [fakeMachine('web1', 'stopped')];
    await run('openConsole', { machine: 'web1' });
    await until('the log', () => acts(/^vmConsole web1/).length === 1);
    assert.deepEqual(acts(/^vmTerminal/), []);
  });

  it('open a shell over ssh', async () => {
    const terminal = await run<Terminal>('openShell', { machine: 'web1' });
    assert.equal(terminal.name, 'web1 ssh');
    await until('the guest', () => acts(/^vmGuest web1/).length === 1);
    terminal.sendText('id');
    await until('what was typed', () => heard.includes('id'));
  });

  it('say what comes, whole characters only, and how it ended', async () => {
    let text = '';
    const pty = guestPty(({ say, size }) => {
      const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
      say(first);
      say(second);
      return Promise.resolve(`over at ${size.columns} columns`);
    });
    pty.onDidWrite((part) => (text += part));
    pty.open({ columns: 72, rows: 10 });
    await until('the end', () => text.includes('over at 72 columns'));
    assert.ok(text.startsWith('é'), text);
  });

  it('debug the kernel with gdb where no debugger extension is installed, and let the guest go on', async () => {
    fake.debuggers = [];
    await run('debugMachine', { machine: 'web1' });
    await until('the terminal', () => window.terminals.some(({ name }) => name === 'web1 gdb'));
    window.terminals.find(({ name }) => name === 'web1 gdb')?.dispose();
    await until('the guest to go on', () => acts(/^vmResume web1/).length === 1);
  });

  it('debug it with the extension that is installed, told of the stub, and let the guest go on', async () => {
    fake.debuggers = ['gdb'];
    fake.debugged.length = 0;
    await run('debugMachine', { machine: 'web1' });
    await until('the session', () => fake.debugged.length === 1);
    const [{ request, target, remote, autorun }] = fake.debugged as [DebugConfiguration];
    assert.deepEqual([request, target, remote], ['attach', '/run/gdb', true]);
    assert.deepEqual(autorun, ['set architecture i386:x86-64']);
    assert.ok(!window.terminals.some(({ name }) => name === 'web1 gdb'));
    await until('an active session', () => debug.activeDebugSession !== undefined);
    await debug.stopDebugging();
    await until('the guest to go on', () => acts(/^vmResume web1/).length === 1);
  });
});

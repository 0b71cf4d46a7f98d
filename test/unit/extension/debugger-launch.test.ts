// How debugger extensions are told to attach to a kernel.

import assert from 'node:assert/strict';
import { debuggerLaunch } from '../../../extension/src/debug/debugger-launch.ts';

const socket = '/run/lpl/web1/gdb';
const bare = {
  machine: 'web1',
  argv: ['gdb', '-ex', 'a', '-ex', `target remote ${socket}`] as const,
  socket,
  cwd: '/w',
};
const argv = ['gdb', '-ex', 'a', '-ex', 'symbol-file -o 0x10 "/k/vmlinux"', '-ex', `target remote ${socket}`] as const;
const whole = { ...bare, argv, vmlinux: '/k/vmlinux' };

describe('debuggerLaunch', () => {
  it('gives the stub, and what is to be said before, to each of them', () => {
    const native = debuggerLaunch('gdb', whole);
    assert.deepEqual(
      [native?.request, native?.['target'], native?.['autorun']],
      ['attach', socket, [argv[2], argv[4]]],
    );
    const cpp = debuggerLaunch('cppdbg', whole);
    assert.deepEqual([cpp?.['program'], cpp?.['miDebuggerServerAddress']], ['/k/vmlinux', socket]);
    assert.deepEqual(cpp?.['setupCommands'], [{ text: 'a' }, { text: argv[4] }]);
  });

  it('leaves the one alone that needs symbols where there are none', () => {
    assert.equal(debuggerLaunch('cppdbg', bare), undefined);
    assert.ok(debuggerLaunch('gdb', bare));
  });
});

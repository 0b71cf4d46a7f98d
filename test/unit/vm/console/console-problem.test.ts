import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { classifyConsoleLine } from '../../../../lab/src/vm/console/console-problem.ts';

const recorded = readFileSync(new URL('../../../fixtures/console/trouble-6.12.log', import.meta.url), 'utf8').split(
  /\r?\n/,
);

describe('console problems', () => {
  it('finds each trouble of a recorded console, in order and nothing else', () => {
    const found = recorded
      .flatMap((line) => classifyConsoleLine(line) ?? [])
      .map(({ kind, text }) => `${kind}: ${text.slice(0, 42)}`);
    assert.deepEqual(found, [
      'warning: WARNING: CPU: 0 PID: 171 at /module/lpl_tr',
      'hung-task: INFO: task sh:172 blocked for more than 1 ',
      'hung-task: INFO: task sh:172 blocked for more than 2 ',
      'hung-task: INFO: task sh:172 blocked for more than 3 ',
      'hung-task: INFO: task sh:172 blocked for more than 4 ',
      'lockup: watchdog: BUG: soft lockup - CPU#1 stuck f',
      'rcu-stall: rcu: INFO: rcu_preempt self-detected stall',
      'lockup: watchdog: BUG: soft lockup - CPU#1 stuck f',
      'oops: BUG: kernel NULL pointer dereference, addr',
      'oops: Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI',
      'oops: kernel BUG at /module/lpl_trouble.c:37!',
      'oops: Oops: invalid opcode: 0000 [#2] PREEMPT SM',
      'panic: Kernel panic - not syncing: sysrq triggere',
    ]);
  });

  it('finds the kernel behind a prompt on the same line', () => {
    const line = 'Please press Enter to activate this console. [    9.199063] BUG: unable to handle page fault';
    assert.equal(classifyConsoleLine(line)?.kind, 'oops');
  });

  for (const text of [
    'WARNING: possible circular locking dependency detected',
    'WARNING: possible recursive locking detected',
    'WARNING: possible irq lock inversion dependency detected',
    'WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected',
    'WARNING: inconsistent lock state',
    'WARNING: bad unlock balance detected!',
    'WARNING: held lock freed!',
    'WARNING: sh/172 still has locks held!',
    'WARNING: lock held when returning to user space!',
    'WARNING: Nested lock was not taken',
    'WARNING: suspicious RCU usage',
    '[ BUG: Invalid wait context ]',
    'INFO: trying to register non-static key.',
    'BUG: MAX_LOCKDEP_ENTRIES too low!',
  ])
    it(`knows lockdep by its words: ${text}`, () =>
      assert.equal(classifyConsoleLine(`[   12.500000] ${text}`)?.kind, 'lockdep'));

  it('gives the time stamp in seconds', () => {
    assert.equal(
      classifyConsoleLine('[   12.500000] WARNING: CPU: 0 PID: 1 at fs/x.c:1 f+0x1/0x2')?.guestSeconds,
      12.5,
    );
  });

  for (const line of [
    'WARNING: printed by a program, not the kernel',
    '[    1.000000] systemd: BUG: no line of its own',
    '[    1.000000] lpl: oops',
    '[    1.000000] module verification failed: signature and/or required key missing - tainting kernel',
    '',
  ])
    it(`passes over ${JSON.stringify(line)}`, () => assert.equal(classifyConsoleLine(line), undefined));
});

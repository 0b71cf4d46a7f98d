import assert from 'node:assert/strict';
import { linesAfter } from '../../../lab/src/klp/guest-log.ts';
import { klpDirectory, parseKlpStatus } from '../../../lab/src/klp/klp-status.ts';
import { parseStragglers } from '../../../lab/src/klp/stragglers.ts';
import { parseTransitionLine } from '../../../lab/src/klp/transition-samples.ts';

describe('klp status', () => {
  it('reads patches, objects and functions', () => {
    const text = `patch lpl_a
enabled 1
transition 0
replace 1
object vmlinux
patched 1
function cmdline_proc_show,1
function do_it,2
object ext4
patched 0
function ext4_x,0
patch lpl_b
enabled 0
transition 1
`;
    assert.deepEqual(parseKlpStatus(text), [
      {
        name: 'lpl_a',
        enabled: true,
        transition: false,
        replace: true,
        objects: [
          { name: 'vmlinux', patched: true, functions: ['cmdline_proc_show', 'do_it,2'] },
          { name: 'ext4', patched: false, functions: ['ext4_x'] },
        ],
      },
      { name: 'lpl_b', enabled: false, transition: true, objects: [] },
    ]);
  });

  it('is empty when there is nothing', () => assert.deepEqual(parseKlpStatus(''), []));

  for (const name of ['../x', 'a/b', '', 'a b', 'x'.repeat(57)])
    it(`refuses the module name ${JSON.stringify(name)}`, () =>
      assert.throws(() => klpDirectory(name), { code: 'usage.invalid' }));
});

describe('transition lines', () => {
  it('reads a line of the agent', () => {
    const line = '{"upUs":41,"transition":1,"enabled":1,"patched":70,"unpatched":3,"idle":0}';
    assert.deepEqual(parseTransitionLine(line, 7), {
      at: 7,
      running: true,
      enabled: true,
      patched: 70,
      unpatched: 3,
      idle: 0,
    });
  });

  for (const line of ['', '{', '{"transition":1}', 'sh: not found'])
    it(`refuses ${JSON.stringify(line)}`, () =>
      assert.throws(() => parseTransitionLine(line, 0), { code: 'guest.command-failed' }));
});

describe('stragglers', () => {
  it('reads who waits where', () => {
    // From a stock 6.12.94 guest: cat opening a FIFO, and a kernel thread whose stack cannot be read any more.
    const text = `task 201 0
Name:\tcat with space
State:\tS (sleeping)
[<0>] fifo_open+0x1a2/0x300
[<0>] do_dentry_open+0x15d/0x440
task 9 0
Name:\tkworker/0:0
State:\tI (idle)
`;
    assert.deepEqual(parseStragglers(text), [
      {
        pid: 201,
        patchState: 0,
        comm: 'cat with space',
        state: 'S (sleeping)',
        stack: ['fifo_open+0x1a2/0x300', 'do_dentry_open+0x15d/0x440'],
      },
      { pid: 9, patchState: 0, comm: 'kworker/0:0', state: 'I (idle)', stack: [] },
    ]);
  });

  it('is empty when nobody waits', () => assert.deepEqual(parseStragglers(''), []));
});

describe('the kernel log after a canary', () => {
  const log = '[    1.0] before\n[    2.0] lpl: canary\n[    3.000001] livepatch: refused\n';
  it('begins behind the canary', () => assert.deepEqual(linesAfter(log, 'lpl: canary'), ['livepatch: refused']));
  it('is all of it when the canary is lost', () => assert.equal(linesAfter(log, 'lpl: other').length, 3));
});

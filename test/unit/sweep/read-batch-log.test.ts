import assert from 'node:assert/strict';
import { readBatchLog } from '../../../lab/src/sweep/read-batch-log.ts';

/** Console lines with the kernel's time stamps. */
const log = (...texts: string[]) => texts.map((text, index) => `[    ${index}.000000] ${text}`);
const said = (text: string) => `lpl-sweep: ${text}`;
const loaded = ['load a', 'patched a: vmlinux', 'live a'].map(said);
const warning = 'WARNING: CPU: 0 PID: 1 at fs/x.c:1 f+0x1/0x2 [a]';

describe('readBatchLog', () => {
  it('tells a livepatch that came and went', () => {
    const lines = log(said('ready'), ...loaded, said('exercise'), said('unload a'), said('gone a'), said('end'));
    const { modules, defects, ended } = readBatchLog(lines, []);
    assert.deepEqual(modules.get('a'), { live: true, gone: true, patched: ['vmlinux'], stalled: [], isStalled: false });
    assert.deepEqual(defects, []);
    assert.ok(ended);
  });

  it('puts what the kernel says behind the act that made it say so', () => {
    const step = (...texts: string[]) => {
      const [defect] = readBatchLog(log(said('ready'), ...texts, said('end')), []).defects;
      return [defect?.step, defect?.module, defect?.kind];
    };
    assert.deepEqual(step(said('load a'), warning), ['load', 'a', 'warning']);
    assert.deepEqual(step(...loaded, said('exercise'), warning), ['live', undefined, 'warning']);
    assert.deepEqual(step(...loaded, said('exercise'), said('unload a'), warning), ['unload', 'a', 'warning']);
  });

  it('holds against nobody what was said before the first livepatch', () => {
    const { defects, before } = readBatchLog(log(said('probe x'), warning, said('ready'), said('end')), []);
    assert.deepEqual([defects, before], [[], [warning]]);
  });

  it('tells a refusal by the kernel, and a module of the target that the guest cannot have', () => {
    const absent = said("absent nfit: modprobe: can't load module nfit: No such device");
    const { defects, absent: missing } = readBatchLog(
      log(absent, said('load a'), said("rejected a: insmod: can't insert 'a.ko': invalid module format"), said('end')),
      [],
    );
    assert.deepEqual(
      defects.map(({ kind, module, text }) => [kind, module, text]),
      [['rejected', 'a', "insmod: can't insert 'a.ko': invalid module format"]],
    );
    assert.equal(missing.get('nfit'), "modprobe: can't load module nfit: No such device");
  });

  it('tells who held a transition back', () => {
    const held = said('held a: kswapd0 kswapd+0x1/0x2');
    const { modules } = readBatchLog(log(said('load a'), held, said('stalled a'), said('end')), []);
    assert.equal(modules.get('a')?.isStalled, true);
    assert.deepEqual(modules.get('a')?.stalled, ['kswapd0 kswapd+0x1/0x2']);
  });

  it('never takes a log without an end for a good one', () => {
    const { defects, ended } = readBatchLog(log(said('ready'), said('load a')), []);
    assert.equal(ended, false);
    assert.deepEqual(defects, [
      { step: 'load', kind: 'silent', text: 'the guest died or fell silent after "load a"', module: 'a' },
    ]);
  });

  it('keeps what belongs to a problem, and what QEMU alone saw', () => {
    const lines = log(...loaded, said('exercise'), warning);
    const problem = { kind: 'warning', text: warning, guestSeconds: 5 } as const;
    const fault = { kind: 'triple-fault', text: 'the CPU gave up' } as const;
    const { defects } = readBatchLog(lines, [
      { problem, lines: [lines.at(-1) ?? '', 'Call Trace:'], at: 0 },
      { problem: fault, lines: ['RIP=0'], at: 0 },
    ]);
    assert.deepEqual(
      defects.map(({ kind, report }) => [kind, report?.at(-1)]),
      [
        ['warning', 'Call Trace:'],
        ['triple-fault', 'RIP=0'],
        ['silent', undefined],
      ],
    );
  });
});

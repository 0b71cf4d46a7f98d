import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ConsoleReport, ConsoleReports, findReports } from '../../../../lab/src/vm/console/console-report.ts';
import { readConsoleLine } from '../../../../lab/src/vm/console/console-line.ts';
import { summariseRegisters } from '../../../../lab/src/vm/guest-registers.ts';

const recorded = readFileSync(new URL('../../../fixtures/console/trouble-6.12.log', import.meta.url), 'utf8')
  .split('\n')
  .map(readConsoleLine);

describe('reports of trouble', () => {
  const reports = findReports(recorded);
  const of = (kind: string) => reports.filter(({ problem }) => problem.kind === kind);

  it('are one for each trouble of a recorded console', () => {
    assert.deepEqual(
      reports.map(({ problem }) => problem.kind),
      [
        'warning',
        ...['hung-task', 'hung-task', 'hung-task', 'hung-task'],
        ...['lockup', 'rcu-stall', 'lockup', 'oops', 'oops', 'panic'],
      ],
    );
  });

  it('hold registers and stack', () => {
    for (const { problem, lines } of [...of('oops'), ...of('lockup'), ...of('rcu-stall'), ...of('warning')]) {
      const text = lines.join('\n');
      for (const part of [/RIP: 0010:trouble\+0x/, /RAX: [0-9a-f]{16} RBX/, /Call Trace:/, /proc_reg_write\+0x/])
        assert.match(text, part, problem.text);
    }
    assert.match(of('hung-task')[0]?.lines.join('\n') ?? '', /task:sh .* state:D[^]*schedule_timeout\+0x/);
    // After an oops a panic prints no stack of its own (kernel/panic.c, TAINT_DIE).
    assert.match(of('panic')[0]?.lines.join('\n') ?? '', /sysrq triggered crash[^]*Kernel Offset/);
  });

  it('begin with the line that names the trouble', () => {
    for (const { problem, lines } of reports) assert.ok(lines[0]?.endsWith(problem.text), lines[0]);
  });

  it('are told when nothing follows, and leave out what is no part of them', () => {
    const told: ConsoleReport[] = [];
    const open = new ConsoleReports((report) => void told.push(report));
    open.add('[    5.000000] BUG: unable to handle page fault for address: 0', 1_000);
    open.add('login: root', 1_001);
    open.add('[    5.000100] RIP: 0010:f+0x1/0x2', 1_002);
    open.flush(1_200);
    assert.equal(told.length, 0);
    open.flush(1_502);
    assert.deepEqual(
      told[0]?.lines.map((line) => line.slice(15)),
      ['BUG: unable to handle page fault for address: 0', 'RIP: 0010:f+0x1/0x2'],
    );
    open.add('[    9.000000] ordinary', 2_000);
    open.flush();
    assert.equal(told.length, 1);
  });

  it('do not grow without end', () => {
    const told: ConsoleReport[] = [];
    const open = new ConsoleReports((report) => void told.push(report));
    open.add('[    5.000000] Oops: general', 0);
    for (let line = 0; line < 1_000; line++) open.add(`[    5.${String(line).padStart(6, '0')}] x`, 0);
    open.flush();
    assert.deepEqual(
      told.map(({ lines }) => lines.length),
      [300],
    );
  });
});

describe('registers', () => {
  it('are summed up in a line a CPU', () => {
    // `info registers -a` of QEMU 10.0.13, shortened.
    const text = `
CPU#0
RAX=0000000000000000 RBX=0000000000000000 RCX=0000000000000001 RDX=4000000000000000
RIP=ffffffff828bc56f RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1

CPU#1
RAX=0000000000000000 RBX=0000000000000000 RCX=0000000000000001 RDX=4000000000000000
RIP=ffffffffc0442181 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
`;
    assert.deepEqual(summariseRegisters(text), [
      'CPU#0 at ffffffff828bc56f, halted, interrupts on',
      'CPU#1 at ffffffffc0442181, running, interrupts off',
    ]);
  });
});

// Every check of a verdict with the evidence that trips it. `unknown` must never pass either.

import assert from 'node:assert/strict';
import type { Evidence, Run } from '../../../lab/src/trial/evidence.ts';
import { judgeEvidence } from '../../../lab/src/trial/verdict.ts';
import { goodEvidence, goodPatch, goodRun } from '../../support/evidence.ts';

type Spoil = (evidence: Evidence & { run: Run }) => void;

const fails: [what: string, check: string, spoil: Spoil][] = [
  [
    'one lost request',
    'requests',
    ({ run }) => void (run.requests[500] = { atMs: 5000, connection: 0, latencyMs: null }),
  ],
  [
    'a reset connection',
    'requests',
    ({ run }) => void run.connections.push({ atMs: 5000, connection: 1, event: 'reset' }),
  ],
  [
    'a connection closed by the guest',
    'requests',
    ({ run }) => void run.connections.push({ atMs: 5000, connection: 1, event: 'closed' }),
  ],
  [
    'a wrong answer',
    'requests',
    ({ run }) => void run.connections.push({ atMs: 5000, connection: 1, event: 'wrong-answer' }),
  ],
  ['a stall of half a second', 'stall', ({ run }) => void (run.witness[50] = { ...at(run, 50), gapUs: 500_000 })],
  ['another boot_id', 'boot-id', ({ run }) => void (identityAt(run, 60).bootId = 'b-2')],
  ['another btime', 'btime', ({ run }) => void (identityAt(run, 60).btime = 1002)],
  ['an uptime that starts anew', 'uptime', ({ run }) => void (run.witness[99] = { ...at(run, 99), upUs: 1_000_000 })],
  [
    'a witness process restarted under its pid',
    'processes',
    ({ run }) => void (identityAt(run, 60).pids = { '1': 5, '7': 91 }),
  ],
  [
    'a witness process gone',
    'processes',
    ({ run }) => run.witness.forEach(({ identity }) => identity && (identity.pids = { '1': 5, '7': 0 })),
  ],
  ['unexpected taint', 'taint', ({ run }) => void (identityAt(run, 90).taint = 45_056 | (1 << 9))],
  ['a reset seen by QEMU', 'machine', ({ run }) => void run.machineEvents.push({ atMs: 1, event: 'RESET' })],
  [
    'an oops on the console',
    'kernel-log',
    ({ run }) => void run.consoleProblems.push({ atMs: 1, kind: 'oops', line: 'BUG: unable' }),
  ],
  [
    'a warning in the log',
    'kernel-log',
    (evidence) => void (evidence.dmesg = { canaryFound: true, lines: [], problems: ['WARNING: x'] }),
  ],
  [
    'a module that was refused',
    'load',
    ({ patches }) => void (patches[0] = { ...goodPatch(), transitions: [], rejection: 'no' }),
  ],
  [
    'a stalled transition',
    'transition',
    ({ patches }) => void (patches[0]?.transitions[0] && (patches[0].transitions[0].outcome = 'reversed')),
  ],
  [
    'unchanged behaviour',
    'behaviour',
    ({ patches }) => void (patches[0]?.reproducer[1] && (patches[0].reproducer[1].exitCode = 1)),
  ],
  [
    'a fix that outlives the livepatch',
    'behaviour',
    ({ patches }) => void (patches[0]?.reproducer[2] && (patches[0].reproducer[2].exitCode = 0)),
  ],
];

const unknowns: [what: string, check: string, spoil: Spoil][] = [
  ['no run at all', 'run', (evidence) => void delete (evidence as Partial<Evidence>).run],
  ['a load that never started', 'requests', ({ run }) => void (run.requests = [])],
  [
    'a load that ended early',
    'requests',
    ({ run }) => void (run.requests = run.requests.filter(({ atMs }) => atMs < 8000)),
  ],
  [
    'a heartbeat that fell silent',
    'stall',
    ({ run }) => void (run.witness = run.witness.filter(({ atMs }) => atMs < 2500)),
  ],
  [
    'an overflowed log',
    'kernel-log',
    (evidence) => void (evidence.dmesg = { canaryFound: false, lines: [], problems: [] }),
  ],
  ['an unread log', 'kernel-log', (evidence) => void delete evidence.dmesg],
  ['an unloading that never began', 'transition', ({ patches }) => void patches[0]?.transitions.pop()],
  [
    'a reproducer that could not be tried',
    'behaviour',
    ({ patches }) => void (patches[0]?.reproducer[1] && (patches[0].reproducer[1].exitCode = 2)),
  ],
  ['a reproducer that was not shown', 'behaviour', ({ patches }) => void (patches[0] && (patches[0].reproducer = []))],
  ['a control that noticed no reboot', 'control', (evidence) => void (evidence.control = goodRun())],
];

function at(run: Run, index: number) {
  const sample = run.witness[index];
  assert.ok(sample);
  return sample;
}

function identityAt(run: Run, index: number) {
  const { identity } = at(run, index);
  assert.ok(identity);
  return identity;
}

const judgeSpoiled = (spoil: Spoil) => {
  const evidence = goodEvidence() as Evidence & { run: Run };
  spoil(evidence);
  return judgeEvidence(evidence);
};

describe('judgeEvidence', () => {
  it('passes what went well, with a figure for every check', () => {
    const { verdict, checks } = judgeEvidence(goodEvidence());
    assert.equal(verdict, 'pass');
    assert.ok(checks.length >= 12 && checks.every(({ ok, figure }) => ok === true && figure.length > 0));
  });

  for (const [what, check, spoil] of fails) {
    it(`fails on ${what}`, () => {
      const { verdict, checks, reasons } = judgeSpoiled(spoil);
      assert.equal(verdict, 'fail');
      assert.deepEqual([...new Set(checks.filter(({ ok }) => ok === false).map(({ id }) => id))], [check]);
      assert.ok(reasons.length > 0);
    });
  }

  for (const [what, check, spoil] of unknowns) {
    it(`is inconclusive with ${what}`, () => {
      const { verdict, checks } = judgeSpoiled(spoil);
      assert.equal(verdict, 'inconclusive');
      assert.ok(checks.some(({ id, ok }) => id === check && ok === undefined));
    });
  }

  it('does not hold a stall of the host against the guest', () => {
    const spoil: Spoil = ({ run }) => {
      run.witness[50] = { ...at(run, 50), gapUs: 400_000 };
      run.hostDelay.push({ atMs: 4900, delayMs: 380 });
    };
    assert.equal(judgeSpoiled(spoil).verdict, 'pass');
  });

  it('is inconclusive when something kept it from finding out, whatever the dying machine left behind', () => {
    const hindrance = { stage: 'run', culprit: 'host', code: 'qemu.exited', message: 'QEMU ended' } as const;
    const { verdict, reasons } = judgeSpoiled((evidence) => {
      evidence.hindrance = hindrance;
      evidence.run.requests.push({ atMs: 9999, connection: 0, latencyMs: null });
      evidence.run.machineEvents.push({ atMs: 9999, event: 'QEMU ended' });
    });
    assert.equal(verdict, 'inconclusive');
    assert.match(reasons[0] ?? '', /QEMU ended .*host/);
  });

  it('fails when the kernel complained before the machine died', () => {
    const { verdict } = judgeSpoiled((evidence) => {
      evidence.hindrance = { stage: 'run', culprit: 'host', code: 'qemu.exited', message: 'QEMU ended' };
      evidence.run.consoleProblems.push({ atMs: 9000, kind: 'panic', line: 'Kernel panic - not syncing' });
    });
    assert.equal(verdict, 'fail');
  });

  it('hands on refusals and compile errors with their place', () => {
    const reason = { rule: 'NP02', file: 'x.c', line: 7, message: 'f cannot be traced', hint: 'h' } as const;
    const build = (verdict: 'refused' | 'failed') => ({ ...goodPatch().build, verdict, reasons: [reason] });
    const refused = judgeSpoiled(({ patches }) => void (patches[0] = { ...goodPatch(), build: build('refused') }));
    assert.deepEqual([refused.verdict, refused.reasons], ['refused', ['NP02: f cannot be traced']]);
    const failed = judgeSpoiled(({ patches }) => void (patches[0] = { ...goodPatch(), build: build('failed') }));
    assert.deepEqual([failed.verdict, failed.reasons], ['fail', ['f cannot be traced']]);
  });
});

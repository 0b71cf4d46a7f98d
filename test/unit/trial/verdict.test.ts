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
    'a guest that restarted',
    'guest-ended',
    ({ run }) => void run.machineEvents.push({ atMs: 1, event: 'GUEST_PANICKED' }),
  ],
  ['a wrong result of a workload', 'workload', ({ run }) => void workloadOf(run).said.push('read: not zeros')],
  [
    'a bad run of a command',
    'workload',
    ({ run }) => void workloadOf(run).runs.unshift({ ...runOf(run), exit: 3, good: false, stopped: false }),
  ],
  ['a command that did not go on', 'workload', ({ run }) => void (runOf(run).stopped = false)],
  ['an act that did not come out right', 'act', ({ patches }) => void (actOf(patches).done = 2)],
  [
    'patches that did not replace each other right',
    'act',
    (evidence) => void (evidence.acts = { asked: ['cumulative'], played: [{ ...cumulativeAct, done: 3 }] }),
  ],
  ['a transition over its budget', 'budget', (evidence) => void (evidence.budgets = { transitionMs: 999 })],
  ['a stall over its budget', 'budget', (evidence) => void (evidence.budgets = { stallMs: 20 })],
  ['latency over its budget', 'budget', (evidence) => void (evidence.budgets = { p99Ms: 1.9 })],
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
  ['an overflowed log', 'kernel-log', (seen) => void (seen.dmesg = { canaryFound: false, lines: [], problems: [] })],
  ['a console that was cut', 'console', (evidence) => void (evidence.console = { heardToTheEnd: false })],
  ['a console with a gap', 'console', (evidence) => void (evidence.console = { heardToTheEnd: true, hasGap: true })],
  ['a console whose end was not reached', 'console', (evidence) => void delete evidence.console],
  ['a workload that never started', 'workload', ({ run }) => void (workloadOf(run).samples = [])],
  [
    'a workload that the shell could not start, its last run cut short',
    'workload',
    ({ run }) => {
      const runs = [127, -1].map((exit) => ({ ...runOf(run), exit, stopped: exit < 0, good: false }));
      Object.assign(workloadOf(run), { runs }).plan.mode = 'repeat';
    },
  ],
  [
    'a workload that stood still while the patch was live',
    'workload',
    ({ run }) => workloadOf(run).samples.forEach((sample) => (sample.cpuMs = sample.atMs < 4000 ? sample.cpuMs : 2000)),
  ],
  ['a workload that did not tell how it ended', 'workload', ({ run }) => void (workloadOf(run).runs = [])],
  ['an act that was not played', 'act', ({ patches }) => void patches[0]?.acts?.played.pop()],
  [
    'an act that could not be played',
    'act',
    ({ patches }) => void Object.assign(actOf(patches), { asked: 0, done: 0 }),
  ],
  [
    'patches that were not tried together',
    'act',
    (evidence) => void (evidence.acts = { asked: ['cumulative'], played: [] }),
  ],
  ['a budget without a figure', 'budget', (evidence) => void overBudgetOfNothing(evidence)],
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

const cumulativeAct = { act: 'cumulative', title: 'replace each other', asked: 5, done: 5, said: '' };

function at(run: Run, index: number) {
  const sample = run.witness[index];
  assert.ok(sample);
  return sample;
}

function workloadOf(run: Run) {
  const [workload] = run.workloads ?? [];
  assert.ok(workload);
  return workload;
}

function runOf(run: Run) {
  const [first] = workloadOf(run).runs;
  assert.ok(first);
  return first;
}

function actOf(patches: Evidence['patches']) {
  const [act] = patches[0]?.acts?.played ?? [];
  assert.ok(act);
  return act;
}

/** Nothing was patched, so no transition can be measured. */
function overBudgetOfNothing(evidence: Evidence) {
  evidence.patches = [];
  evidence.budgets = { transitionMs: 1000 };
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

  it('fails on one request lost of 150,000, which is a soak of half an hour', () => {
    const count = 150_000;
    const { verdict, reasons } = judgeSpoiled(({ run }) => {
      run.requests = Array.from({ length: count }, (_, index) => ({
        ...{ atMs: (index / count) * run.durationMs, connection: index % 4 },
        latencyMs: index === 77_777 ? null : 2,
      }));
    });
    assert.equal(verdict, 'fail');
    assert.match(reasons.join(), /150000 sent, 149999 answered, 1 lost/);
  });

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

  describe('with an expectation', () => {
    const reason = { rule: 'NP02', message: 'f cannot be traced', hint: 'h' } as const;
    const refuse: Spoil = ({ patches }) =>
      void (patches[0] = { ...goodPatch(), build: { ...goodPatch().build, verdict: 'refused', reasons: [reason] } });
    const lose: Spoil = ({ run }) => void (run.requests[500] = { atMs: 5000, connection: 0, latencyMs: null });
    const expecting = (expect: Evidence['expect'], spoil: Spoil) =>
      judgeSpoiled((evidence) => {
        if (expect) evidence.expect = expect;
        spoil(evidence);
      });
    const cases: [what: string, expect: Evidence['expect'], spoil: Spoil, verdict: string][] = [
      ['the refusal by that rule', { refused: 'NP02' }, refuse, 'pass'],
      ['a refusal by another rule', { refused: 'NP03' }, refuse, 'fail'],
      ['no refusal', { refused: 'NP02' }, () => {}, 'fail'],
      ['the failure with that text', { fail: '1 lost' }, lose, 'pass'],
      ['a failure with another text', { fail: 'RCU' }, lose, 'fail'],
      ['no failure', { fail: '1 lost' }, () => {}, 'fail'],
      ['nothing found out', { fail: '1 lost' }, (evidence) => void delete evidence.dmesg, 'inconclusive'],
    ];
    for (const [what, expect, spoil, verdict] of cases)
      it(`${JSON.stringify(expect)}: ${what} is ${verdict}`, () => {
        const judged = expecting(expect, spoil);
        assert.equal(judged.verdict, verdict);
        assert.ok(judged.expected && judged.reasons.length > 0);
      });
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

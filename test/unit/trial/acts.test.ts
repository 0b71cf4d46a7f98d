// Every act comes out right on a kernel that behaves, and not on one that does what the act is there to find.

import assert from 'node:assert/strict';
import type { OpContext } from '../../../lab/src/core/operation.ts';
import { cumulateLivepatches } from '../../../lab/src/trial/acts/cumulate-livepatches.ts';
import { actsAsked, playActs } from '../../../lab/src/trial/acts/play-acts.ts';
import { parseStacks } from '../../../lab/src/trial/acts/sleeper.ts';
import { tracedFunctions } from '../../../lab/src/trial/acts/trace-livepatch.ts';
import type { ActEvidence } from '../../../lab/src/trial/evidence.ts';
import { parseScenario } from '../../../lab/src/trial/scenario.ts';
import { FakeKlpGuest, type KernelFault } from '../../support/fake-klp-guest.ts';
import { operate } from '../../support/operation.ts';

const scenario = (acts: string) =>
  parseScenario(
    `schema: 1
title: t
patches:
  - title: p
    file: fix.patch
    reproducer: fix.c
    modules: [m]
    sleeper: { command: 'cat /tmp/fifo', wake: 'wake' }
    acts: { ${acts} }
`,
    '/s/x.yaml',
  );

const livepatch = (module: string) => ({ module, content: new Uint8Array() });

/** What the act comes to on a kernel with that fault. */
async function play(acts: string, fault?: KernelFault): Promise<ActEvidence[]> {
  const fake = new FakeKlpGuest(fault);
  const [patch] = scenario(acts).patches;
  assert.ok(patch);
  const played: ActEvidence[] = [];
  const request = {
    ...{ guest: fake.guest, patch, functions: ['f'], show: fake.show },
    ...{ timeoutMs: fault === 'never-completes' ? 50 : 5000, holdMs: 30 },
    livepatch: livepatch('fix'),
    versions: { replacing: [livepatch('v2'), livepatch('v3')], stacked: [livepatch('s1'), livepatch('s2')] },
    kprobe: async () => import.meta.filename,
  };
  await operate((ctx: OpContext) => playActs(request, played, ctx));
  return played;
}

const good = [
  'kprobe: true',
  'tracer: [before, after]',
  'graph: before',
  'cycles: 2',
  'rapid: 5',
  'replace: 3',
  'stack: 2',
];
const more = ['reload: true', 'blocked: true', 'second: true', 'signals: true'];

const bad: [acts: string, fault: KernelFault, said: RegExp][] = [
  ['kprobe: true', 'takes-kprobed', /not so: the kernel refuses it while f has a kprobe/],
  ['tracer: before', 'traces-nothing', /not so: one of f is in the trace/],
  ['graph: after', 'keeps-behaviour', /not so: old behaviour once it is gone/],
  ['cycles: 2', 'never-completes', /not so: fix completes \(reversed/],
  ['rapid: 5', 'keeps-behaviour', /not so: old behaviour once it is gone/],
  ['replace: 3', 'keeps-replaced', /not so: v2 alone is enabled \(fix, v2\)/],
  ['replace: 3', 'lets-live-go', /not so: the kernel keeps fix, which is live/],
  ['stack: 2', 'loses-behaviour', /not so: new behaviour under all of them/],
  ['reload: true', 'module-comes-unpatched', /not so: it is in effect in those that came/],
  ['blocked: true', 'ignores-sleeper', /not so: a task asleep in f holds it back untraced/],
  ['blocked: true', 'fails-sleeper', /not so: the sleeper ends well \(exit code 1\)/],
  ['second: true', 'ignores-sleeper', /not so: a task asleep in f holds it back in patched code/],
  ['signals: true', 'does-not-signal', /not so: the kernel signalled it/],
  ['signals: true', 'wakes-sleeper', /not so: it sleeps on/],
];

describe('acts', () => {
  for (const acts of [...good, ...more])
    it(`come out right: ${acts}`, async () => {
      const played = await play(acts);
      assert.deepEqual(
        played.map(({ act }) => act),
        actsAsked(scenario(acts).patches[0]?.acts as never),
      );
      for (const { asked, done, said } of played) {
        assert.ok(asked > 0 && said !== '', said);
        assert.equal(done, asked, said);
      }
    });

  for (const [acts, fault, said] of bad)
    it(`notice a kernel that ${fault} (${acts})`, async () => {
      const [act] = await play(acts, fault);
      assert.ok(act && act.done < act.asked);
      assert.match(act.said, said);
    });

  it('of all patches together take them in and out one by one', async () => {
    const cumulative = ['one', 'two'].map(livepatch);
    const on = (fault?: KernelFault) => {
      const fake = new FakeKlpGuest(fault);
      const has =
        (...modules: string[]) =>
        async () =>
          fake.patches.some(({ name, enabled }) => enabled && modules.includes(name)) ? 0 : 1;
      const request = { guest: fake.guest, timeoutMs: 5000, cumulative, show: [has('one', 'two'), has('two')] };
      return operate((ctx: OpContext) => cumulateLivepatches(request, ctx));
    };
    const act = await on();
    assert.deepEqual([act.done, act.said], [act.asked, '1, 2, 1 patches in turn']);
    assert.match((await on('keeps-replaced')).said, /not so: two alone is enabled/);
  });
});

describe('what acts read', () => {
  it('stacks, of livepatches too', () =>
    assert.deepEqual(parseStacks('task 1\ntask 12\n[<0>] g+0x1/0x2\n[<0>] f+0x3/0x4 [fix]\n'), [
      { pid: 1, stack: [] },
      { pid: 12, stack: ['g', 'f [fix]'] },
    ]));

  it('traces of both tracers, and no function that is only like one', () => {
    const functions = ['f', 'g', 'h', 'missing'];
    const trace = '# f <-\n cat-9 [000] 1.0: f <-seq_read\n 0) 1.2 us | g();\n 1) | h() {\n 1) | missing_too();\n';
    assert.deepEqual(tracedFunctions(trace, functions), ['f', 'g', 'h']);
  });
});

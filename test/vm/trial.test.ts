// Trials through the lpl command, on a real stock kernel: one that passes, and the negative controls that must not.

import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Evidence } from '../../lab/src/trial/evidence.ts';
import { judgeEvidence } from '../../lab/src/trial/verdict.ts';
import { type CliLab, type LplRun, openCliLab } from '../support/lpl.ts';

const scenario = (name: string) => join(import.meta.dirname, '../fixtures/scenarios', `${name}.yaml`);

type Summary = {
  verdict: string;
  reasons: string[];
  report: string;
  machine?: string;
  evidence: string;
  diagnostics: { file: string; line: number }[];
};

describe('lpl trial', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  const trial = (file: string) => ended(lab.run('trial', file));
  const ended = async (run: LplRun['ended']) => {
    const { code, json, stderr } = await run;
    const summary = json as Summary;
    assert.ok(summary.verdict, stderr.slice(-3000));
    return { code, summary, evidence: JSON.parse(await readFile(summary.evidence, 'utf8')) as Evidence };
  };

  // Security fixes on the newest kernel that lacks them, or our own patch when every kernel at hand has them.
  it('passes the demo, with the reboot beside it, in a self-contained report', async () => {
    const { code, summary, evidence } = await ended(lab.run('demo'));
    assert.equal(summary.verdict, 'pass', summary.reasons.join('\n'));
    assert.equal(code, 0);
    assert.ok(evidence.patches.length > 0);
    for (const { reproducer, transitions, build } of evidence.patches) {
      assert.deepEqual(
        reproducer.map(({ when, exitCode }) => [when, exitCode]),
        [
          ['before', 1],
          ['live', 0],
          ['after', 1],
        ],
      );
      assert.deepEqual(
        transitions.map(({ direction, outcome }) => [direction, outcome]),
        [
          ['patching', 'complete'],
          ['unpatching', 'complete'],
        ],
      );
      assert.ok(build.functions.length > 0);
    }
    assert.ok(evidence.control && evidence.run);
    assert.equal(
      evidence.run.requests.every(({ latencyMs }) => latencyMs !== null),
      true,
    );
    assert.ok(
      evidence.control.requests.some(({ latencyMs }) => latencyMs === null),
      'a reboot loses requests',
    );
    const html = await readFile(summary.report, 'utf8');
    for (const { title } of evidence.patches) assert.ok(html.includes(title.replaceAll('"', '&quot;')), title);
    assert.doesNotMatch(html, /<script|https?:\/\//);
    assert.equal(html.match(/<svg /g)?.length, 2);
  });

  for (const name of ['workloads', 'workloads-debian'])
    it(`keeps a guest at work all the time, with evidence of every workload in every phase (${name})`, async () => {
      const { summary, evidence } = await trial(scenario(name));
      const checks = judgeEvidence(evidence).checks.filter(({ id }) => id === 'workload');
      assert.deepEqual(
        checks.filter(({ ok }) => ok !== true),
        [],
      );
      assert.equal(checks.length, evidence.run?.workloads?.length);
      assert.equal(summary.verdict, 'pass', summary.reasons.join('\n'));
    });

  it('does with a livepatch all that can be done with one, and each act comes out right', async () => {
    const { summary, evidence } = await trial(scenario('acts'));
    const played = [...evidence.patches.flatMap(({ acts }) => acts?.played ?? []), ...(evidence.acts?.played ?? [])];
    const names =
      'kprobe tracer-before tracer-after graph-before graph-after cycles rapid replace stack blocked second';
    assert.deepEqual(
      played.map(({ act }) => act),
      [...names.split(' '), 'signals', 'reload', 'cumulative'],
    );
    for (const { act, asked, done, said } of played) assert.ok(asked > 0 && done === asked, `${act}: ${said}`);
    assert.equal(summary.verdict, 'pass', summary.reasons.join('\n'));
  });

  it('takes a module that was built before, learns from the kernel what it patches, and can leave its machine', async () => {
    const directory = join(lab.directory, 'ready');
    await mkdir(directory);
    const fixture = (name: string) => join(import.meta.dirname, '../fixtures/scenarios', name);
    const { code: built } = await lab.run('build', fixture('greeting.patch'), '--out', join(directory, 'mine.ko'));
    assert.equal(built, 0);
    await copyFile(fixture('greeting.c'), join(directory, 'greeting.c'));
    const patch = '{ title: ready, module: mine.ko, reproducer: greeting.c, acts: { kprobe: true, tracer: after } }';
    const rest = 'baselineMs: 500\nsoakMs: 0\ncpus: 1\ncontrol: none\n';
    await writeFile(join(directory, 'ready.yaml'), `schema: 1\ntitle: ready\npatches:\n  - ${patch}\n${rest}`);
    const { summary, evidence } = await ended(lab.run('trial', join(directory, 'ready.yaml'), '--keep'));
    assert.equal(summary.verdict, 'pass', summary.reasons.join('\n'));
    const { json: live } = await lab.run('klp', 'status', summary.machine ?? '');
    assert.deepEqual(
      (live['patches'] as { name: string; enabled: boolean }[]).map(({ name, enabled }) => [name, enabled]),
      [['livepatch_greeting', true]],
    );
    assert.equal((await lab.run('vm', 'rm', summary.machine ?? '')).code, 0);
    const [ready] = evidence.patches;
    assert.deepEqual(
      [ready?.build.engine, ready?.build.moduleName, ready?.build.functions.map(({ name }) => name)],
      ['ready', 'livepatch_greeting', ['cmdline_proc_show']],
    );
  });

  it('never passes with a workload that did not start', async () => {
    const { code, summary } = await trial(scenario('workload-missing'));
    assert.deepEqual([summary.verdict, code], ['inconclusive', 69]);
    assert.match(summary.reasons.join('\n'), /workload stress-ng .*never ran: .*not found/);
  });

  it('fails a patch that oopses, quoting the oops', async () => {
    const { code, summary, evidence } = await trial(scenario('oops'));
    assert.equal(summary.verdict, 'fail');
    assert.equal(code, 1);
    assert.match(
      summary.reasons.join('\n'),
      /kernel log clean: BUG: kernel NULL pointer dereference, address: 0000000000000008/,
    );
    const [oops] = evidence.run?.consoleProblems ?? [];
    assert.match(oops?.report?.join('\n') ?? '', /RIP: 0010:[^]*RAX: [^]*Call Trace:/);
    assert.match(await readFile(summary.report, 'utf8'), /What went wrong in the kernel[^]*RIP: 0010:/);
  });

  it('fails a stalled transition: names the task and its stack, rolls back, and the guest goes on serving', async () => {
    const { code, summary, evidence } = await trial(scenario('stall'));
    assert.equal(summary.verdict, 'fail');
    assert.equal(code, 1);
    const [transition] = evidence.patches[0]?.transitions ?? [];
    assert.equal(transition?.outcome, 'reversed');
    assert.deepEqual(
      transition.stalled.map(({ comm }) => comm),
      ['cat'],
    );
    assert.ok(transition.stalled[0]?.stack.some((frame) => frame.startsWith('fifo_open')));
    assert.match(summary.reasons.join('\n'), /stalled and rolled back .*cat\[\d+\]/);
    assert.ok(evidence.run);
    assert.equal(
      evidence.run.requests.every(({ latencyMs }) => latencyMs !== null),
      true,
    );
    assert.ok((evidence.run.requests.at(-1)?.atMs ?? 0) > transition.toMs, 'served after the rollback');
  });

  it('fails a livepatch that loads but does not change the behaviour', async () => {
    const { code, summary } = await trial(scenario('no-change'));
    assert.deepEqual([summary.verdict, code], ['fail', 1]);
    assert.match(summary.reasons.join('\n'), /new behaviour while live/);
  });

  it('is found again: in the history, in other formats, and beside another trial', async () => {
    const { json: history } = await lab.run('history');
    const [last, before] = history['trials'] as { id: string; verdict: string }[];
    assert.ok(last && before);
    assert.equal(last.verdict, 'fail');
    const { json: report } = await lab.run('report', 'last', '--format', 'ktap');
    assert.match(
      String(report['content']),
      /^KTAP version 1\n[^]*\nnot ok \d+ no-change: new behaviour while live|not ok/,
    );
    const { json: comparison } = await lab.run('compare', before.id, last.id.slice(-4));
    assert.equal((comparison['figures'] as { figure: string; after: string }[])[0]?.after, 'fail');
    assert.equal((await lab.run('report', 'no-such-trial')).code, 2);
  });

  it('fails a patch that does not compile, with file and line', async () => {
    const { code, summary } = await trial(scenario('does-not-compile'));
    assert.deepEqual([summary.verdict, code], ['fail', 1]);
    assert.deepEqual(summary.diagnostics.map(({ file, line }) => [file, line])[0], ['fs/proc/cmdline.c', 11]);
  });

  it('is inconclusive when QEMU is killed, never a pass', async () => {
    const run = lab.start('trial', scenario('long'));
    await run.event((event) => event.type === 'stage.start' && event.stage.endsWith('/soak'));
    const [qemu] = await lab.qemus();
    assert.ok(qemu);
    process.kill(qemu.pid, 'SIGKILL');
    const { code, json } = await run.ended;
    assert.deepEqual([(json as Summary).verdict, code], ['inconclusive', 69]);
    assert.match((json as Summary).reasons.join('\n'), /QEMU of .* ended/);
  });

  for (const options of [[], ['--keep']])
    it(`ends and leaves nothing when interrupted ${options.join(' ')}`, async () => {
      const run = lab.start('trial', scenario('long'), ...options);
      await run.event((event) => event.type === 'stage.start' && event.stage.endsWith('/soak'));
      run.process.kill('SIGINT');
      const { code } = await run.ended;
      assert.equal(code, 130);
      assert.deepEqual(await lab.qemus(), []);
    });

  it('leaves no machine when it is killed outright', async () => {
    const run = lab.start('trial', scenario('long'));
    await run.event((event) => event.type === 'stage.start' && event.stage.endsWith('/soak'));
    run.process.kill('SIGKILL');
    await run.ended;
    const { json } = await lab.run('vm', 'ls');
    assert.deepEqual(
      (json['machines'] as { state: string }[]).filter(({ state }) => state === 'running'),
      [],
    );
    assert.deepEqual(await lab.qemus(), []);
  });
});

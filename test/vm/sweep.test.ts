// A sweep over five tiny patches, one for each way to end, as a user runs it: cancelled in the middle, gone on with, and
// reported. One of the patches builds and is wrong: a sweep that calls it clean is worth nothing.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { SweepSummary } from '../../lab/src/lab.ts';
import { type CliLab, openCliLab } from '../support/lpl.ts';
import { testTarget } from '../support/stock-kernel.ts';

const patches = new URL('../fixtures/sweep', import.meta.url).pathname;
const words = ['sweep', patches, '--target', testTarget, '-j', '1'];

describe('lpl sweep', () => {
  let lab: CliLab;
  before(async () => (lab = await openCliLab()));
  after(() => lab.close());

  /** Runs it to its end; how many patches it did not have to try. */
  const sweep = async () => {
    const run = lab.start(...words);
    const { code, json } = await run.ended;
    const stage = run.events.find((event) => event.type === 'stage.end' && event.stage === 'sweep');
    assert.ok(stage?.type === 'stage.end', JSON.stringify(json));
    return { code, summary: json as unknown as SweepSummary, known: Number(/^\d+/.exec(stage.note ?? '')?.[0]) };
  };

  it('is cancelled in the middle, and goes on there', async () => {
    const run = lab.start(...words);
    // The first patch that is done; none has been in a guest yet.
    await run.event((event) => event.type === 'line' && event.text.startsWith('does-not-compile'));
    run.process.kill('SIGINT');
    const { code } = await run.ended;
    assert.equal(code, 130);

    const { code: second, summary, known } = await sweep();
    assert.ok(known >= 1 && known < 5, `${known} were known`);
    assert.deepEqual(
      summary.results.map((result) => [result.name, result.class]),
      ['clean', 'does-not-compile', 'not-in-config', 'refused', 'wrong'].map((each) => [`${each}.patch`, each]),
    );
    assert.equal(second, 1);
  });

  it('shows the wrong one to be guilty, and reports all of them', async () => {
    const { code, summary, known } = await sweep();
    assert.deepEqual([code, known], [1, 5]);
    const wrong = summary.results.find((result) => result.class === 'wrong');
    const [defect] = wrong?.defects ?? [];
    assert.deepEqual([defect?.step, defect?.kind], ['live', 'warning']);
    assert.match(defect?.text ?? '', /cmdline_proc_show.*\[livepatch_\w+_wrong\]/);
    assert.match(defect?.report?.join('\n') ?? '', /Call Trace/);
    const refused = summary.results.find((result) => result.class === 'refused');
    assert.equal(refused?.reasons[0]?.rule, 'NP05');
    const html = await readFile(summary.report, 'utf8');
    for (const { name } of summary.results) assert.ok(html.includes(name), name);
    assert.deepEqual(await lab.qemus(), []);
  });
});

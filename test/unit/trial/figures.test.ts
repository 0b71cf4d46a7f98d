import assert from 'node:assert/strict';
import { quantile, requestFigures, silences, stallFigures, witnessCost } from '../../../lab/src/trial/figures.ts';
import { sliceKernelLog } from '../../../lab/src/trial/kernel-log.ts';
import { reportPage } from '../../../lab/src/trial/report/report-page.ts';
import { splitAtGaps } from '../../../lab/src/trial/report/svg.ts';
import { judgeEvidence } from '../../../lab/src/trial/verdict.ts';
import type { WitnessSample } from '../../../lab/src/workload/witness.ts';
import { goodControl, goodEvidence, goodRun } from '../../support/evidence.ts';

/** Without answers for 600 ms after each of these seconds. */
function runWithSilences(...atSeconds: number[]) {
  const run = goodRun();
  const isSilent = (atMs: number) => atSeconds.some((at) => atMs >= at * 1000 && atMs < at * 1000 + 600);
  return { ...run, requests: run.requests.filter(({ atMs }) => !isSilent(atMs)) };
}

describe('the time line of a run', () => {
  const labels = (page: string) => page.match(/no answer for [\d.]+ s<\/text>/g)?.length ?? 0;
  const page = (run: ReturnType<typeof goodRun>) => {
    const evidence = { ...goodEvidence(), run };
    return reportPage(evidence, judgeEvidence(evidence));
  };

  it('writes how long nobody was answered where there is room for it', () => {
    assert.equal(labels(page(goodRun())), 0);
    assert.equal(labels(page(runWithSilences(2, 7))), 2);
    assert.equal(labels(page(runWithSilences(2, 3, 7))), 2, 'labels never lie over one another');
  });
});

describe('figures of a run', () => {
  it('count requests, latency and silence', () => {
    const figures = requestFigures(goodRun());
    assert.deepEqual([figures.sent, figures.answered, figures.lost, figures.broken], [1000, 1000, 0, 0]);
    assert.equal(figures.p99Ms, 2);
    assert.ok(figures.longestSilenceMs <= 12);
  });

  it('see the outage of a reboot', () => {
    const control = goodControl();
    assert.ok(requestFigures(control).lost > 400);
    const [outage, ...others] = silences(control);
    assert.deepEqual(others, []);
    assert.ok(outage && outage.toMs - outage.fromMs > 4900 && outage.toMs - outage.fromMs < 5100);
  });

  it('keep to their window', () => {
    assert.equal(requestFigures(goodRun(), { fromMs: 0, toMs: 1000 }).sent, 100);
    assert.equal(stallFigures(goodRun(), { fromMs: 0, toMs: 1000 }).samples, 10);
  });

  it('place what the witness saw when it saw it, though its lines came four seconds late', () => {
    const run = goodRun();
    run.witness = run.witness.map((sample, index) =>
      index < 30 || index >= 70 ? sample : { ...sample, atMs: 7000 + index / 10 },
    );
    run.witness[50] = { ...(run.witness[50] as WitnessSample), gapUs: 400_000 };
    run.hostDelay = [{ fromMs: 4500, atMs: 5900, delayMs: 390 }];
    const { longestUnheardMs, longestMs, longestOwnMs } = stallFigures(run);
    assert.ok(longestUnheardMs <= 101, `${longestUnheardMs}`);
    assert.deepEqual([longestMs, longestOwnMs], [400, 21]);
  });

  it('notice that nothing was seen for four seconds', () => {
    const run = goodRun();
    run.witness = run.witness.filter((_, index) => index < 30 || index >= 70);
    assert.ok(stallFigures(run).longestUnheardMs >= 4000);
  });

  it('tell the cost of the witness', () => {
    assert.equal(witnessCost(goodRun()), 0.01);
  });

  it('use the nearest rank', () => {
    assert.equal(quantile([1, 2, 3, 4], 0.5), 2);
    assert.equal(quantile([1, 2, 3, 4], 0.99), 4);
    assert.equal(quantile([], 0.5), 0);
  });
});

describe('sliceKernelLog', () => {
  it('keeps what follows the canary and finds complaints in it', () => {
    const log =
      '[    1.0] WARNING: old\n[    2.0] canary-1\n[    3.0] fine\n[    4.0] BUG: unable to handle page fault for address: 8\n';
    const { canaryFound, lines, problems } = sliceKernelLog(log, 'canary-1');
    assert.deepEqual([canaryFound, lines.length, problems.length], [true, 2, 1]);
  });

  it('says that the canary is gone', () => {
    assert.equal(sliceKernelLog('[    1.0] x\n', 'canary-1').canaryFound, false);
  });
});

describe('reportPage', () => {
  it('escapes what comes from patches, guests and scenarios, and loads nothing', () => {
    const evidence = goodEvidence();
    const evil = '<img src=x onerror=alert(1)>';
    const [patch] = evidence.patches;
    assert.ok(patch?.reproducer[0]);
    Object.assign(evidence, { scenario: evil, dmesg: { canaryFound: true, lines: [evil], problems: [] } });
    Object.assign(patch, { title: evil, diff: `+${evil}` });
    patch.reproducer[0].output = evil;
    const html = reportPage(evidence, judgeEvidence(evidence));
    assert.doesNotMatch(html, /<img/);
    assert.doesNotMatch(html, /<(script|link|img|iframe)|@import|url\(/);
    assert.match(html, /default-src 'none'/);
    assert.equal(html.match(/<svg /g)?.length, 2);
  });
});

describe('splitAtGaps', () => {
  it('draws no line through what was not seen', () => {
    assert.deepEqual(
      splitAtGaps(
        [
          [0, 1],
          [1, 1],
          [9, 1],
        ],
        2,
      ),
      [
        [
          [0, 1],
          [1, 1],
        ],
        [[9, 1]],
      ],
    );
    assert.deepEqual(splitAtGaps([], 2), []);
  });
});

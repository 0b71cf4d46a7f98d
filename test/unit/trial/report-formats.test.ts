// What other programs read of a trial: well-formed, and nothing greener than the verdict.

import assert from 'node:assert/strict';
import { compareTrials } from '../../../lab/src/trial/compare-trials.ts';
import type { Evidence } from '../../../lab/src/trial/evidence.ts';
import type { reportFormats } from '../../../lab/src/trial/report/render-report.ts';
import { renderReport } from '../../../lab/src/trial/report/render-report.ts';
import { readKtap } from '../../../lab/src/trial/selftests/read-ktap.ts';
import { judgeEvidence } from '../../../lab/src/trial/verdict.ts';
import { goodEvidence, goodPatch } from '../../support/evidence.ts';
import { readXml, type XmlElement } from '../../support/read-xml.ts';

type Spoil = (evidence: Evidence) => void;
const fine: Spoil = () => {};
const lose: Spoil = ({ run }) => void (run && (run.requests[500] = { atMs: 5000, connection: 0, latencyMs: null }));
const forget: Spoil = (evidence) => void delete evidence.dmesg;
const refuse: Spoil = ({ patches }) => {
  const reasons = [{ rule: 'NP02', message: 'f cannot be <traced>', hint: 'h' } as const];
  patches[0] = { ...goodPatch(), build: { ...goodPatch().build, verdict: 'refused', reasons } };
};

function render(format: (typeof reportFormats)[number], spoil: Spoil): string {
  const evidence = goodEvidence();
  spoil(evidence);
  return renderReport(format, evidence, judgeEvidence(evidence));
}

const cases: [what: string, spoil: Spoil, failures: number, errors: number][] = [
  ['a pass', fine, 0, 0],
  ['a failure', lose, 1, 0],
  ['what was not found out', forget, 0, 1],
  ['a refusal', refuse, 1, 0],
  ['a refusal that is expected', (evidence) => (refuse(evidence), (evidence.expect = { refused: 'NP02' })), 0, 0],
  ['a pass that is not expected', (evidence) => void (evidence.expect = { fail: 'x' }), 1, 0],
];

describe('JUnit of a trial', () => {
  const all = (element: XmlElement, name: string): XmlElement[] => [
    ...(element.name === name ? [element] : []),
    ...element.children.flatMap((child) => all(child, name)),
  ];
  for (const [what, spoil, failures, errors] of cases)
    it(`${what}: ${failures} failures, ${errors} errors`, () => {
      const root = readXml(render('junit', spoil));
      assert.equal(root.name, 'testsuites');
      assert.deepEqual([all(root, 'failure').length, all(root, 'error').length], [failures, errors]);
      const [suite] = all(root, 'testsuite');
      const { tests, failures: told, errors: toldErrors } = suite?.attributes ?? {};
      assert.deepEqual([tests, told, toldErrors].map(Number), [all(root, 'testcase').length, failures, errors]);
    });

  it('is XML whatever a guest says', () => {
    const text = render('junit', ({ run }) =>
      run?.consoleProblems.push({ atMs: 1, kind: 'oops', line: 'BUG: ]]> <b> & "\u0001\ud800' }),
    );
    assert.match(readXml(text).name, /testsuites/);
  });
});

describe('KTAP of a trial', () => {
  for (const [what, spoil, failures, errors] of cases)
    it(`${what}: ${failures + errors} not ok`, () => {
      const { tests, faults } = readKtap(render('ktap', spoil));
      assert.deepEqual(faults, []);
      assert.equal(tests.filter(({ outcome }) => outcome === 'not ok').length, failures + errors);
    });
});

describe('Markdown of a trial', () => {
  it('says verdict and why first, and folds the rest away', () => {
    const text = render('markdown', lose);
    assert.match(text.split('\n')[0] ?? '', /^## ❌ all is well: fail/);
    assert.match(text.split('\n')[2] ?? '', /every request answered: 1000 sent, 999 answered, 1 lost/);
    assert.equal(text.match(/<details>/g)?.length, 2);
    assert.ok(text.length < 6000, `${text.length} characters`);
  });

  it('lets no text become markup', () => {
    const text = render('markdown', (evidence) => void (evidence.scenario = '<img src=x> | `x` @here #1'));
    assert.doesNotMatch(text, /<img|[^\\]`x|[^\\]@here/);
  });
});

describe('JSON of a trial', () => {
  it('is everything, with its schema', () => {
    const all = JSON.parse(render('json', fine)) as { schema: number; verdict: { verdict: string }; run: object };
    assert.deepEqual([all.schema, all.verdict.verdict, typeof all.run], [1, 'pass', 'object']);
  });
});

describe('HTML of a trial', () => {
  it('shows stalled tasks with their stacks, workloads, and hashes, and every table has its headings', () => {
    const html = render('html', (evidence) => {
      evidence.kernelSha256 = 'c0ffee';
      const [transition] = evidence.patches[0]?.transitions ?? [];
      assert.ok(transition);
      const stack = ['fifo_open+0x12/0x34'];
      Object.assign(transition, {
        outcome: 'reversed',
        stalled: [{ pid: 9, comm: 'cat', state: 'S', patchState: 0, stack }],
      });
    });
    assert.match(html, /cat\[9\] S\nfifo_open/);
    assert.match(html, /What the guest was doing/);
    assert.match(html, /c0ffee/);
    assert.equal(html.match(/<table>/g)?.length, html.match(/<caption>/g)?.length);
    assert.doesNotMatch(html, /<(script|link|img|iframe)|https?:/);
  });
});

describe('compareTrials', () => {
  const judged = (id: string, spoil: Spoil) => {
    const evidence = goodEvidence();
    spoil(evidence);
    return { id, evidence, verdict: judgeEvidence(evidence) };
  };

  it('puts figures side by side, and tells what came out differently', () => {
    const slow: Spoil = (evidence) => {
      lose(evidence);
      const [transition] = evidence.patches[0]?.transitions ?? [];
      if (transition) transition.toMs += 1000;
    };
    const { figures, checks } = compareTrials(judged('a', fine), judged('b', slow));
    assert.deepEqual(
      figures.find(({ figure }) => figure === 'fix patching'),
      { figure: 'fix patching', before: '1000 ms', after: '2000 ms', change: 1 },
    );
    assert.deepEqual(
      figures.find(({ figure }) => figure === 'verdict'),
      { figure: 'verdict', before: 'pass', after: 'fail' },
    );
    assert.deepEqual(
      checks.map(({ check, before, after }) => [check, before, after]),
      [['every request answered', 'yes', 'no']],
    );
  });

  it('compares with a trial that has no figures', () => {
    const { figures } = compareTrials(judged('a', fine), judged('b', refuse));
    assert.equal(figures.find(({ figure }) => figure === 'verdict')?.after, 'refused');
  });
});

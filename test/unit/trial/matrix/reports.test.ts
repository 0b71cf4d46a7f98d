import assert from 'node:assert/strict';
import type { CellResult } from '../../../../lab/src/trial/matrix/cell-result.ts';
import { type MatrixResult, matrixResult } from '../../../../lab/src/trial/matrix/matrix-result.ts';
import { githubAnnotations } from '../../../../lab/src/trial/matrix/report/annotations.ts';
import { matrixJunit } from '../../../../lab/src/trial/matrix/report/matrix-junit.ts';
import { matrixMarkdown } from '../../../../lab/src/trial/matrix/report/matrix-markdown.ts';
import { matrixPage } from '../../../../lab/src/trial/matrix/report/matrix-page.ts';
import { parseMatrix } from '../../../../lab/src/trial/matrix/matrix-file.ts';
import { isExpected } from '../../../../lab/src/trial/expectation.ts';
import { matrixText, outcome } from '../../../support/matrix.ts';

/** A matrix in which all went as expected but for what `change` says of a cell. */
function matrixWith(change: Record<string, Partial<CellResult>>): MatrixResult {
  const { title, axes, path, cells } = parseMatrix(matrixText, '/repo/ci/two.matrix.yaml');
  const planned = cells.map(({ id, kernel, patch, workload, expected }) => ({
    id,
    kernel,
    patch,
    workload,
    expected,
    key: id,
  }));
  const results = planned.map((cell): [string, CellResult] => {
    const usual = cell.expected.verdict === 'pass' ? outcome('pass', 'fine') : outcome('refused', 'NP02: no');
    const found = { ...usual, ...change[cell.id] };
    return [
      cell.id,
      {
        ...cell,
        ...found,
        ...(found.verdict === 'inconclusive' ? {} : { report: 'report.html' }),
        asExpected: isExpected(cell.expected, found),
        startedAt: 1,
        ms: 1500,
      },
    ];
  });
  return matrixResult(
    { schema: 1, title, file: path, tool: 'lpl test', key: 'k', axes, cells: planned },
    new Map(results),
  );
}

const nasty = '<b>&"|`x`|</b>]]>\u0007 @someone';
const bad = matrixWith({
  'new--fix--quiet': outcome('fail', nasty),
  'new--guard--busy': outcome('inconclusive', 'no room'),
  'old--fix--busy': outcome('not-affected', 'has it already'),
});

describe('the report of a matrix', () => {
  it('is one page that runs nothing and leads to the report of each trial', () => {
    const page = matrixPage(bad);
    assert.match(page, /default-src 'none'/);
    assert.doesNotMatch(page, /<script|<b>&|https?:/);
    const links = [...page.matchAll(/href="(cells[^"]+)"/g)].map(([, link]) => link);
    assert.ok(links.includes('cells/new--fix--quiet/report.html'));
    assert.ok(!links.some((link) => link?.includes('new--guard--busy')), 'no link to a report there is none of');
    assert.match(page, /verdict fail"/);
  });

  it('counts in JUnit what CI servers turn red', () => {
    const xml = matrixJunit(bad);
    assert.match(xml, /<testsuites name="Two by two by two" tests="8" failures="1" errors="1" skipped="1"/);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(xml, /\u0007|<b>/);
    assert.equal((xml.match(/<testcase /g) ?? []).length, 8);
    assert.match(matrixJunit(matrixWith({})), /failures="0" errors="0" skipped="0"/);
  });

  it('says in Markdown what is not as expected, and lets no text become markup', () => {
    const text = matrixMarkdown(bad);
    assert.match(text, /❌ Two by two by two: fail/);
    assert.match(text, /8 cells: 5 as expected, 1 not, 1 inconclusive, 1 not affected\./);
    assert.match(text, /\*\*guard\*\* on 6\.12\.1, busy: inconclusive: no room/);
    assert.doesNotMatch(text, /<b>|[^\\]`x|[^\\]@someone/);
    const table = text.split('\n').filter((line) => line.startsWith('|'));
    assert.ok(table.every((line) => line.replaceAll('\\|', '').split('|').length === 6));
    assert.match(matrixMarkdown(matrixWith({})), /✅ .*: pass/);
  });
});

describe('annotations', () => {
  const refusal = (patchLine?: number) => ({
    ...outcome('refused', 'DA04: a static local goes'),
    diagnostics: [
      { rule: 'DA04', message: 'a static local goes, 100%', hint: 'keep it', ...(patchLine ? { patchLine } : {}) },
    ],
  });

  it('stand on the line of the patch, once for all cells that say the same', () => {
    const matrix = matrixWith({
      'new--fix--quiet': refusal(7),
      'new--fix--busy': refusal(7),
      'old--fix--busy': refusal(),
    });
    assert.deepEqual(githubAnnotations(matrix, '/repo/ci/two.matrix.yaml', '/repo'), [
      '::error file=ci/fix.patch,line=7,title=livepatch%3A refused::DA04: a static local goes, 100%25%0Akeep it%0AOn 6.12.1 (quiet), 6.12.1 (busy)',
      '::error file=ci/fix.patch,line=1,title=livepatch%3A refused::DA04: a static local goes, 100%25%0Akeep it%0AOn 6.12.1 (busy)',
    ]);
  });

  it('are none when all is as expected', () =>
    assert.deepEqual(githubAnnotations(matrixWith({}), '/repo/ci/two.matrix.yaml', '/repo'), []));
});

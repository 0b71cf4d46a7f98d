import assert from 'node:assert/strict';
import { type ItemResult, notInConfig } from '../../../lab/src/sweep/item-result.ts';
import { share, sweepFigures } from '../../../lab/src/sweep/sweep-figures.ts';
import { sweepPage } from '../../../lab/src/sweep/sweep-page.ts';

const item = (name: string, change: Partial<ItemResult>): ItemResult => ({
  ...{ name, class: 'clean', functions: ['vmlinux:f'], reasons: [], defects: [], stalled: [], buildMs: 1 },
  ...change,
});
const refused = {
  class: 'refused',
  reasons: ['DA01', 'DA01', 'NP05'].map((rule) => ({ rule, message: 'no' })),
} as const;
const results = [
  item('fs/a.c', {}),
  item('fs/b.c', { class: 'wrong', defects: [{ step: 'live', kind: 'oops', text: 'Oops <0002>', report: ['RIP'] }] }),
  item('fs/c.c', { ...refused, reasons: [...refused.reasons] }),
  item('fs/d.c', { class: 'does-not-compile' }),
  notInConfig('fs/e.c', 'fs/e.c'),
];

describe('sweepFigures', () => {
  it('counts as candidates what could be a livepatch', () => {
    const { counts, candidates, built, rules } = sweepFigures(results);
    assert.deepEqual([candidates, built, counts.clean, counts.wrong], [3, 2, 1, 1]);
    assert.deepEqual(rules, [
      { rule: 'DA01', count: 1 },
      { rule: 'NP05', count: 1 },
    ]);
    assert.deepEqual([share(1, 3), share(0, 0)], ['1 of 3 (33.3 %)', '0 of 0']);
  });
});

describe('sweepPage', () => {
  const title = { what: 'A → B', target: 't', release: 'r', tool: 'lpl', equivalent: 'lpl sweep' };

  it('names every patch, with why and what the kernel said, and needs nothing else', () => {
    const html = sweepPage(title, results);
    for (const { name } of results) assert.ok(html.includes(name), name);
    assert.match(html, /Oops &lt;0002&gt;<pre>RIP<\/pre>/);
    assert.match(html, /<b>fail<\/b>/);
    assert.doesNotMatch(html, /<script|https?:\/\//);
  });

  it('passes only when nothing is wrong and nothing unknown', () => {
    const verdict = (change: Partial<ItemResult>) => /<b>(\w+)<\/b>/.exec(sweepPage(title, [item('a', change)]))?.[1];
    assert.deepEqual(
      [verdict({}), verdict({ class: 'wrong' }), verdict({ class: 'unknown' })],
      ['pass', 'fail', 'inconclusive'],
    );
  });
});

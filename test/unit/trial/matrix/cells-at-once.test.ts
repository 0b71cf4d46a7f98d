// How many cells at once, where nobody says.

import assert from 'node:assert/strict';
import { parseScenario } from '../../../../lab/src/trial/scenario.ts';
import { cellsAtOnce } from '../../../../lab/src/trial/matrix/cells-at-once.ts';

const cell = (more = '') => ({
  scenario: parseScenario(`schema: 1\ntitle: t\npatches: [{ title: p, file: p.patch }]\n${more}`, '/x/s.yaml'),
});

describe('cells at once', () => {
  it('are more than the host has CPUs when their guests mostly wait', () => {
    assert.equal(cellsAtOnce([cell(), cell()], 2), 5);
  });

  it('are one for each CPU as soon as something works in one of them', () => {
    assert.equal(cellsAtOnce([cell(), cell('workloads: [cpu]')], 2), 2);
    assert.equal(cellsAtOnce([cell(), cell('selftests: true')], 2), 2);
  });
});

// Some cells of a matrix, by name.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { listCells, runMatrix } from '../../../../lab/src/trial/matrix/matrix.ts';
import type { LabError } from '../../../../lab/src/core/error.ts';
import type { Site } from '../../../../lab/src/core/site.ts';
import { operate } from '../../../support/operation.ts';

const file = fileURLToPath(new URL('../../../../lab/examples/stock.matrix.yaml', import.meta.url));

describe('cells of a matrix by name', () => {
  it('are listed without anything being run', async () => {
    const { cells } = await listCells(file);
    assert.equal(cells.length, 8);
    assert.equal(cells[0]?.id, 'newest--cmdline-greeting--serving');
    assert.match(cells[0]?.file ?? '', /security-fixes\/cmdline-greeting\.patch$/);
  });

  it('must all be there: one that is not would be run by nobody and be red nowhere', async () => {
    const only = ['newest--cmdline-greeting--serving', 'newest--no-such--serving'];
    await assert.rejects(
      operate((ctx) => runMatrix(ctx, {} as Site, { file, only })),
      (error: LabError) => error.code === 'usage.invalid' && error.message.includes('no-such'),
    );
  });
});

// The lab's own negative controls, for real: the quick ones. `lpl selfcheck` runs them all.

import assert from 'node:assert/strict';
import { type CliLab, openCliLab } from '../support/lpl.ts';

describe('lpl selfcheck', () => {
  let lab: CliLab;
  before(async () => void (lab = await openCliLab()));
  after(() => lab.close());

  it('notices every trouble of the quick selection, for the right reason, and passes when there is none', async () => {
    const { code, json, stderr } = await lab.run('selfcheck', '--quick');
    const results = json['controls'] as { id: string; result: string; how: string }[];
    assert.deepEqual(
      results?.filter(({ result }) => result !== 'caught'),
      [],
      stderr.slice(-2000),
    );
    assert.ok(results.length >= 8);
    assert.equal(code, 0);
    assert.deepEqual(await lab.qemus(), []);
  });
});

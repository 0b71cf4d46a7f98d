// The uptime of the guest beside the host's time: what is the guest's fault, and what is only the way of a line to the host.

import assert from 'node:assert/strict';
import { uptimeChecks } from '../../../lab/src/trial/uptime-checks.ts';
import type { WitnessSample } from '../../../lab/src/workload/witness.ts';
import { goodEvidence, goodRun } from '../../support/evidence.ts';

const uptimeOk = (change: (sample: WitnessSample, index: number) => WitnessSample) => {
  const run = goodRun();
  const witness = run.witness.map(change);
  return uptimeChecks({ ...goodEvidence(), run: { ...run, witness } }).find(({ id }) => id === 'uptime')?.ok;
};

describe('the check of the uptime', () => {
  it('does not hold lines that come late against the guest, the first ones and the last ones neither', () => {
    const isLate = (index: number) => index < 9 || index > 90;
    assert.equal(
      uptimeOk((sample, index) => (isLate(index) ? { ...sample, atMs: sample.atMs + 900 } : sample)),
      true,
    );
  });

  it('fails when the clock of the guest stands still for a second', () => {
    assert.equal(
      uptimeOk((sample, index) => (index < 60 ? sample : { ...sample, upUs: sample.upUs - 1_000_000 })),
      false,
    );
  });

  it('fails when it goes back, be it once', () => {
    assert.equal(
      uptimeOk((sample, index) => (index === 99 ? { ...sample, upUs: sample.upUs - 200_000 } : sample)),
      false,
    );
  });
});

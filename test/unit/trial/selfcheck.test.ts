import assert from 'node:assert/strict';
import { selfcheckOutcome } from '../../../lab/src/cli/commands/selfcheck.ts';
import { type Control, caughtBy } from '../../../lab/src/trial/selfcheck/control.ts';
import { chooseControls, type ControlResult, controls } from '../../../lab/src/trial/selfcheck/run-selfcheck.ts';
import { judgeEvidence } from '../../../lab/src/trial/verdict.ts';
import { goodEvidence } from '../../support/evidence.ts';

describe('negative controls', () => {
  it('are many, each of another name, with a quick selection and one that must pass', () => {
    assert.ok(controls.length >= 20);
    assert.equal(new Set(controls.map(({ id }) => id)).size, controls.length);
    const quick = chooseControls({ quick: true });
    assert.ok(quick.length >= 8 && quick.length < controls.length);
    assert.deepEqual(
      quick.filter(({ caught }) => caught.verdict === 'pass').map(({ id }) => id),
      ['nothing'],
    );
  });

  it('are chosen by name', () => {
    assert.deepEqual(
      chooseControls({ ids: ['panic', 'oops'] }).map(({ id }) => id),
      ['oops', 'panic'],
    );
    assert.throws(() => chooseControls({ ids: ['oop'] }), /no control oop/);
  });
});

describe('caughtBy', () => {
  const lost: Control = { id: 'x', title: 'x', caught: { verdict: 'fail', by: 'requests', says: / 1 lost, / } };
  const judged = (spoil: (evidence: ReturnType<typeof goodEvidence>) => void) => {
    const evidence = goodEvidence();
    spoil(evidence);
    return judgeEvidence(evidence);
  };
  const lose = (evidence: ReturnType<typeof goodEvidence>) =>
    void (evidence.run && (evidence.run.requests[500] = { atMs: 5000, connection: 0, latencyMs: null }));

  it('tells by what', () => assert.match(caughtBy(lost, judged(lose)) ?? '', /every request answered: .* 1 lost/));

  it('is not content with a pass, with another check, or with other words', () => {
    assert.equal(
      caughtBy(
        lost,
        judged(() => {}),
      ),
      undefined,
    );
    assert.equal(caughtBy({ ...lost, caught: { ...lost.caught, by: 'stall' } }, judged(lose)), undefined);
    assert.equal(caughtBy({ ...lost, caught: { ...lost.caught, says: / 2 lost, / } }, judged(lose)), undefined);
  });
});

describe('selfcheckOutcome', () => {
  const result = (word: ControlResult['result']) =>
    ({ id: word, title: '', result: word, verdict: 'fail', how: 'so', ms: 1, directory: '/x' }) as const;
  const codes: [words: ControlResult['result'][], code: number][] = [
    [['caught', 'caught'], 0],
    [['caught', 'missed', 'not-shown'], 1],
    [['caught', 'not-shown'], 69],
  ];
  for (const [words, code] of codes)
    it(`${words.join(', ')}: ends with ${code}`, () =>
      assert.equal(selfcheckOutcome(words.map(result)).exitCode ?? 0, code));
});

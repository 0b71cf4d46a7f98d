// Whether a guest's clock is right, however long it takes to ask it.

import assert from 'node:assert/strict';

/** Fails unless the seconds since the epoch that `ask` gives lie between the question and the answer, give or take `slack`. */
export async function tellsTheTime(ask: () => Promise<string>, slack = 1): Promise<void> {
  const asked = Date.now() / 1000;
  const said = Number(await ask());
  const answered = Date.now() / 1000;
  assert.ok(said >= asked - 1 - slack, `${said} is before ${asked}`);
  assert.ok(said <= answered + slack, `${said} is after ${answered}`);
}

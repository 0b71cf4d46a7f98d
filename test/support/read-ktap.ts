// A strict little reader of flat KTAP (kernel: Documentation/dev-tools/ktap.rst), for tests.

import assert from 'node:assert/strict';

export type KtapLine = { result: 'ok' | 'not ok'; number: number; name: string };

/** Throws at a line that is none, at a wrong number, and when the plan does not hold. */
export function readKtap(text: string): { plan: number; results: KtapLine[] } {
  const [version, ...lines] = text.trimEnd().split('\n');
  assert.equal(version, 'KTAP version 1');
  let plan: number | undefined;
  const results: KtapLine[] = [];
  for (const line of lines) {
    if (line.startsWith('#')) continue;
    const planned = /^1\.\.(\d+)$/.exec(line);
    if (planned) {
      plan = Number(planned[1]);
      continue;
    }
    const [, result, number, name = ''] = /^(ok|not ok) (\d+) ([^#]+)$/.exec(line) ?? [];
    assert.ok(result, line);
    results.push({ result: result as KtapLine['result'], number: Number(number), name });
    assert.equal(Number(number), results.length, line);
  }
  assert.equal(plan, results.length);
  return { plan: results.length, results };
}

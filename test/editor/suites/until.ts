// Waiting for what VS Code does in its own time.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Settles once `holds`; fails after `limitMs` (default a minute: a host may be slow or busy), naming what never came. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await holds()); await sleep(20))
    assert.ok(Date.now() < deadline, `not in ${limitMs / 1000} s: ${what}`);
}

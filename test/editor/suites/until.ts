// Waiting for what VS Code does in its own time.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Settles once `holds`; fails after five seconds, naming what never came. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5000; !holds(); await sleep(20))
    assert.ok(Date.now() < deadline, `not in 5 s: ${what}`);
}

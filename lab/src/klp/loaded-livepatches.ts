// Which livepatches a machine has loaded, asked so that nobody ever hangs on a guest that does not answer.

import type { OpContext } from '../core/operation.ts';
import type { LabPaths } from '../core/paths.ts';
import { askGuest } from '../vm/ask-guest.ts';
import { readKlpStatus } from './klp-status.ts';

/** A listing waits this long for a guest, connection included. */
const answerMs = 5_000;

/** Names of the enabled livepatches; undefined when the guest does not answer in time. */
export function loadedLivepatches(paths: LabPaths, name: string, ctx: OpContext): Promise<string[] | undefined> {
  return askGuest({ paths, name, patienceMs: answerMs }, ctx, async (guest, signal) =>
    (await readKlpStatus(guest, signal)).filter(({ enabled }) => enabled).map((patch) => patch.name),
  );
}

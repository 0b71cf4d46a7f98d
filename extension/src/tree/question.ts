// A short question to the lab: bounded in time, and nobody watches its events.

import type { OpContext } from 'livepatch-lab';

const askMs = 10_000;

/** `limitMs`: when to give up; default 10 s. */
export function question(limitMs = askMs): OpContext {
  return { signal: AbortSignal.timeout(limitMs), emit: () => undefined, stage: '' };
}

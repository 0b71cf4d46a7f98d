// Exit codes of lpl (DESIGN 4.1): 0 pass, 1 fail, 2 usage, 3 refused, 69 could not find out, 75 locked, 130 cancelled.

import { asLabError } from '../core/error.ts';

export const exitCodes = { pass: 0, built: 0, fail: 1, failed: 1, usage: 2, refused: 3, inconclusive: 69 } as const;

/** The exit code for something thrown: the user's to change is usage, everything else is "could not find out". */
export function exitCodeOf(error: unknown): number {
  const { code, culprit } = asLabError(error);
  if (code === 'op.cancelled') return 130;
  if (code === 'state.locked') return 75;
  return culprit === 'user' ? exitCodes.usage : exitCodes.inconclusive;
}

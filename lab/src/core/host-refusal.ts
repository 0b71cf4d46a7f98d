// What a command that failed says of the host: it would have done its work on another, or with more room.

import type { LabErrorCode } from './error.ts';

const refusals: readonly { says: RegExp; code: LabErrorCode; hint: string }[] = [
  { says: /: No space left on device/, code: 'host.no-space', hint: 'free some space on that file system' },
  {
    // Not of a path or program that is not there: that would be a fault of ours.
    says: /^bwrap: .*(namespace|[ug]id map|not permitted)/m,
    code: 'host.missing-tool',
    hint: 'the sandbox does not work here: `lpl doctor` says what to do',
  },
];

/** Undefined when it says nothing of the kind. */
export const hostRefusal = (stderr: string): { code: LabErrorCode; hint: string } | undefined =>
  refusals.find(({ says }) => says.test(stderr));

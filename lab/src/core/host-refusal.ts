// What a command that failed says of the host: it would have done its work on another, or with more room.

import type { LabErrorCode } from './error.ts';

const refusals: readonly { says: RegExp; code: LabErrorCode; hint: string }[] = [
  { says: /: No space left on device/, code: 'host.no-space', hint: 'free some space on that file system' },
  {
    // gcc.cc; cc1's own xmalloc.c. The first comes when the kernel ended the compiler for want of memory, or somebody did.
    says: /fatal error: Killed signal terminated program|: out of memory allocating|virtual memory exhausted/,
    code: 'host.no-memory',
    hint: 'the compiler was killed, or found no memory: free some, then run it again',
  },
  {
    // Not of a path or program that is not there: that would be a fault of ours.
    says: /^bwrap: .*(namespace|[ug]id map|not permitted)/,
    code: 'host.missing-tool',
    hint: 'the sandbox does not work here: `lpl doctor` says what to do',
  },
];

export type HostRefusal = { code: LabErrorCode; hint: string; /** Its line. */ said: string };

/** Undefined when it says nothing of the kind. */
export function hostRefusal(stderr: string): HostRefusal | undefined {
  for (const { says, code, hint } of refusals) {
    const said = stderr.split('\n').find((line) => says.test(line));
    if (said !== undefined) return { code, hint, said };
  }
  return undefined;
}

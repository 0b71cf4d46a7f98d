// Runs the kernel's livepatch selftests in a guest by the kernel's own runner, which speaks TAP.

import { copyToGuest } from '../../vm/guest/copy-to-guest.ts';
import type { OpContext } from '../../core/operation.ts';
import type { Guest } from '../../vm/guest/guest.ts';

const place = '/root/lpl-selftests';
const runMs = 1_800_000;

/** What the runner printed. `tests`: names of scripts; all of them when empty. `directory`: of makeSelftests. */
export async function runSelftests(
  guest: Guest,
  { directory, tests }: { directory: string; tests: readonly string[] },
  ctx: OpContext,
): Promise<string> {
  await copyToGuest(guest, { from: directory, to: place }, ctx);
  const { stdout, stderr } = await guest.exec(['bash', '-c', runner, 'selftests', ...tests], {
    signal: ctx.signal,
    timeoutMs: runMs,
  });
  return stdout === '' ? stderr : stdout;
}

/** KDIR is only looked at: the modules are built. The runner opens /dev/stdout anew, which must be a pipe then. */
const runner = `
export BASE_DIR=${place} KDIR=/root
cd $BASE_DIR/livepatch || exit
. ../kselftest/runner.sh
[ $# -gt 0 ] || set -- test-*.sh
run_many "$@" 2>&1 | cat
`;

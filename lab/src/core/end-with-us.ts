// A process that outlives this one by design, before anybody is to have it.

import { isAlive, type ProcessIdentity } from './host-process.ts';

/** Until `body` has settled, the end of this process (at a second Ctrl-C, say) is the end of that one too. */
export async function endWithUs<T>(identity: ProcessIdentity, body: () => Promise<T>): Promise<T> {
  const end = () => {
    if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL');
  };
  process.once('exit', end);
  try {
    return await body();
  } finally {
    process.off('exit', end);
  }
}

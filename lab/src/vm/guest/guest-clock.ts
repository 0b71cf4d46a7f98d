// A guest that goes on from a saved state goes on in the past; its parcel or this brings it to the present.

import { LabError } from '../../core/error.ts';
import type { Guest } from './guest.ts';

/** Sets the guest's time to the host's, right to the time ssh takes; without the lab's agent, to a second. */
export async function setGuestClock(guest: Guest, signal: AbortSignal): Promise<void> {
  const nowMs = Date.now();
  const [seconds, micros] = [Math.floor(nowMs / 1000), (nowMs % 1000) * 1000];
  const script = `if [ -x /bin/lpl-agent ]; then lpl-agent clock ${seconds} ${micros}; else date -s @${seconds}; fi`;
  const { exitCode, stderr } = await guest.script(script, { signal });
  if (exitCode !== 0) throw new LabError('guest.command-failed', `${guest.name}: setting the clock: ${stderr.trim()}`);
}

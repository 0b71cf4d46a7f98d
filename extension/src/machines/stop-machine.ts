// Stops a machine.

import { runAct } from '../operations/run-act.ts';
import type { Session } from '../session.ts';
import { pickMachine } from './pick-machine.ts';

/** Stops the named machine, or one the user picks. */
export async function stopMachine(session: Session, request: { machine?: string } = {}): Promise<void> {
  const name = request.machine ?? (await pickMachine(session, 'Machine to stop', () => true))?.name;
  if (!name) return;
  const act = { title: `Stopping ${name}`, equivalent: [['lpl', 'vm', 'down', name]] as const };
  await runAct(session, act, (ctx) => session.lab.vmDown(name, ctx));
  session.status.show('vm-outline', `${name} stopped`);
}

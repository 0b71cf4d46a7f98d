// Installs what is missing on the host, when it may.

import { LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import { installArgv, missingPackages } from './host-check.ts';

/** Installs missing host packages as root; otherwise throws `host.missing-tool` with the one command to run. */
export async function installMissingTools(ctx: StageContext): Promise<void> {
  const missing = await missingPackages();
  if (missing.length === 0) {
    ctx.cached();
    return;
  }
  const argv = installArgv(missing);
  if (process.getuid?.() !== 0)
    throw new LabError('host.missing-tool', `this machine lacks ${missing.join(', ')}`, {
      hint: `run: sudo ${argv.join(' ')}`,
    });
  ctx.waiting(missing.join(', '));
  const onLine = (text: string) => ctx.emit({ type: 'line', from: 'build', text, stage: ctx.stage });
  const command = { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' } };
  await runCommand({ ...command, argv: ['apt-get', 'update', '-q'] }, { signal: ctx.signal, onLine });
  await runCommand({ ...command, argv }, { signal: ctx.signal, onLine });
  ctx.note(`installed ${missing.join(', ')}`);
}

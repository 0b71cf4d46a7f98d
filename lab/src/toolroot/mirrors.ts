// Where this machine gets its Debian packages from, asked of apt itself: the lab knows no mirror of its own.

import { existsSync } from 'node:fs';
import { LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';

export type Mirrors = { archive: string; security: string | undefined; keyring: string };

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Throws `packages.unavailable` when apt names no Debian archive. */
export async function readMirrors(ctx: StageContext): Promise<Mirrors> {
  const targets = await runCommand(
    { argv: ['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'] },
    { signal: ctx.signal },
  );
  const mirrors = parseIndexTargets(targets.stdout);
  if (!mirrors.archive || !existsSync(keyring))
    throw new LabError('packages.unavailable', 'apt of this machine names no Debian archive', {
      hint: 'the lab needs a Debian host with a mirror in /etc/apt and the package debian-archive-keyring',
    });
  return { archive: mirrors.archive, security: mirrors.security, keyring };
}

/** Reads `URI RELEASE` lines: Debian's own archives are those whose path ends in /debian or /debian-security. */
export function parseIndexTargets(text: string): { archive?: string; security?: string } {
  const uris = text.split('\n').flatMap((line) => line.split(' ')[0] || []);
  const archive = uris.find((uri) => /\/debian\/?$/.test(uri));
  const security = uris.find((uri) => /\/debian-security\/?$/.test(uri));
  return { ...(archive ? { archive } : {}), ...(security ? { security } : {}) };
}

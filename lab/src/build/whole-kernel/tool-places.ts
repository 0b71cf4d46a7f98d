// Where the programs of klp-build and kpatch-build are in the sandbox: kpatch as if it was installed, and what the scripts call.

import { join } from 'node:path';
import { launcherDirectory } from '../../toolroot/extracted-root.ts';
import type { Bind } from '../../toolroot/sandbox.ts';

export type ToolPrograms = {
  /** Directory with the unpacked kpatch-build package. */
  kpatch: string;
  /** Root whose launchers are what the scripts ask for. */
  scripts: string;
};

const inside = { scripts: '/lpl/scripts', kpatch: '/lpl/kpatch' } as const;

/** gawk by its path, for the first line of a script. */
export const gawkPath = join(launcherDirectory(inside.scripts), 'gawk');

/** What to bind, and the search path. kpatch-build looks for its parts beside itself (find_dirs). */
export function toolPlaces({ kpatch, scripts }: ToolPrograms): { binds: Bind[]; path: string } {
  const bind = (host: string, to: string): Bind => ({ host, inside: to, access: 'read' });
  return {
    binds: [
      bind(scripts, inside.scripts),
      bind(join(kpatch, 'usr/bin/kpatch-build'), `${inside.kpatch}/bin/kpatch-build`),
      bind(join(kpatch, 'usr/lib/kpatch'), `${inside.kpatch}/lib/kpatch`),
      bind(join(kpatch, 'usr/share/kpatch'), `${inside.kpatch}/share/kpatch`),
    ],
    path: `${launcherDirectory(inside.scripts)}:${inside.kpatch}/bin:/usr/bin:/usr/sbin`,
  };
}

// Where in the cache each kind of artefact lives. All of it may be deleted at any time when nothing runs.

import { join } from 'node:path';
import type { LabPaths } from './paths.ts';

export type CacheRooms = Record<'packages' | 'roots' | 'kernels' | 'facts' | 'builds' | 'programs', string>;

export function cacheRooms({ cache }: LabPaths): CacheRooms {
  const room = (name: string) => join(cache, name);
  return {
    packages: room('packages'),
    roots: room('roots'),
    kernels: room('kernels'),
    facts: room('facts'),
    builds: room('builds'),
    programs: room('programs'),
  };
}

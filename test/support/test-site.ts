// A site whose machines and images are a test's own, while packages, roots and kernels are the user's.

import { labPaths, type LabPaths } from '../../lab/src/core/paths.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import type { Site } from '../../lab/src/core/site.ts';

const at = (path: string) => new URL(`../../${path}`, import.meta.url).pathname;

/** `paths.cache` is where images and snapshots go; `workspace` has the user's own profiles. */
export const testSite = (paths: LabPaths, workspace = at('.')): Site => ({
  paths,
  rooms: cacheRooms(labPaths()),
  workspace,
  resources: {
    guest: at('images/guest'),
    profiles: at('images/profiles'),
    kconfig: at('images/kconfig'),
    examples: at('lab/examples'),
    selfcheck: at('lab/selfcheck'),
  },
});

// Where a lab works: its directories and the files it ships with. Passed down instead of globals.

import type { LabPaths } from './paths.ts';
import type { CacheRooms } from './rooms.ts';

export type Site = {
  paths: LabPaths;
  rooms: CacheRooms;
  resources: {
    /** `images/guest` of the repository. */
    guest: string;
    /** `lab/examples`. */
    examples: string;
  };
};

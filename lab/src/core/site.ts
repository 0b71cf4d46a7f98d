// Where a lab works: its directories and the files it ships with. Passed down instead of globals.

import type { LabPaths } from './paths.ts';
import type { CacheRooms } from './rooms.ts';

export type Site = {
  paths: LabPaths;
  rooms: CacheRooms;
  /** Where the user works: the user's own guest profiles are found from here upwards. */
  workspace: string;
  resources: {
    /** `images/guest` of the repository. */
    guest: string;
    /** `images/profiles` of the repository. */
    profiles: string;
    /** `images/kconfig`. */
    kconfig: string;
    /** `lab/examples`. */
    examples: string;
    /** `lab/selfcheck`: what makes trouble. */
    selfcheck: string;
  };
};
